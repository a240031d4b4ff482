/** Seconds of each stage by side; frames that were encoded for A are reused for B. */
import { useStore } from 'zustand';
import { Panel } from '../../ui/Panel.tsx';
import { SideLetter } from './SideLetter.tsx';
import type { SideRun } from './state/assess.ts';
import { both, compare } from './state/session.ts';
import type { SideName } from './state/store.ts';
import './Timings.css';
import { useCompareMessages } from './messages/useCompareMessages.ts';

export function Timings() {
  const t = useCompareMessages();
  const { runs } = useStore(both.store);
  const { perturbation } = useStore(compare.store);
  const { columns } = t.timings;
  if (!runs.a) return null;
  const zeros = perturbation?.drawn.kind === 'perturbed' && perturbation.drawn.vision.includes(null);
  return (
    <Panel title={t.timings.title} foot={zeros ? t.timings.zeros : undefined}>
      <table className="compare-timings">
        <thead>
          <tr>
            {(
              [
                columns.side,
                columns.decode,
                columns.vision,
                columns.motion,
                columns.prefill,
                columns.generate,
              ] as const
            ).map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Row name="a" run={runs.a} />
          {runs.b && <Row name="b" run={runs.b} />}
        </tbody>
      </table>
    </Panel>
  );
}

function Row({ name, run }: { readonly name: SideName; readonly run: SideRun }) {
  const t = useCompareMessages();
  const { seconds, reused, frames, decoded, answers } = run;
  const all = answers.length > 0 && reused === frames;
  const decodedBefore = decoded === 0 && answers.length > 0;
  return (
    <tr>
      <th scope="row">
        <SideLetter name={name} />
      </th>
      {all && decodedBefore ? (
        <td colSpan={2}>{t.timings.reused(seconds.decode + seconds.encodeVision)}</td>
      ) : (
        <>
          <td>{decodedBefore ? t.timings.reused(seconds.decode) : t.timings.seconds(seconds.decode)}</td>
          <td>{all ? t.timings.reused(seconds.encodeVision) : t.timings.seconds(seconds.encodeVision)}</td>
        </>
      )}
      <td>{t.timings.seconds(seconds.encodeMotion)}</td>
      <td>{t.timings.seconds(seconds.prefill)}</td>
      <td>{t.timings.seconds(seconds.generate)}</td>
    </tr>
  );
}
