/** Needs of a model beside the properties of this machine, line by line, and the verdict. */
import type { Machine, MachineCheck, Need } from '../../../core/files/machine.ts';
import { bytes } from '../../../core/text/format.ts';
import { Icon } from '../../ui/Icon.tsx';
import type { ModelsMessages } from './messages/en.ts';
import { useModelsMessages } from './messages/useModelsMessages.ts';
import { refusal } from './row-view.ts';

export interface NeedsTableProps {
  readonly verdict: MachineCheck;
  readonly machine: Machine | null;
  /** Verdict where some need is unknown. */
  readonly may: string;
}

export function NeedsTable({ verdict, machine, may }: NeedsTableProps) {
  const t = useModelsMessages();
  const n = t.needs;
  const onProcessor = verdict.backend === 'wasm' && verdict.variant !== null;
  return (
    <section>
      <table className="models-table">
        <caption>{n.title}</caption>
        <thead>
          <tr>
            <td />
            <th scope="col">{n.needs}</th>
            <th scope="col">{n.here}</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {onProcessor && (
            <tr>
              <th scope="row">{n.processor}</th>
              <td>{n.anyProcessor}</td>
              <td>{n.yes}</td>
              <Met met={true} />
            </tr>
          )}
          {verdict.needs.map((need) => (
            <tr key={need.name}>
              <th scope="row">{n.names[need.name]}</th>
              <td>{needed(need, t)}</td>
              <td>{here(need, machine, t)}</td>
              <Met met={need.met} />
            </tr>
          ))}
        </tbody>
      </table>
      <p className="models-detail__verdict">
        {refusal(verdict.needs, t) ?? (verdict.runs === true ? n.runs : may)}
      </p>
    </section>
  );
}

function needed(need: Need, t: ModelsMessages): string {
  if (need.name === 'adapter') return t.needs.webgpu;
  return need.needs === null ? t.needs.needed : bytes(need.needs);
}

function here(need: Need, machine: Machine | null, t: ModelsMessages): string {
  const n = t.needs;
  if (need.name === 'adapter') {
    if (need.met) return n.webgpu;
    return machine?.adapter?.software ? n.software : n.none;
  }
  if (need.name === 'shader-f16' || need.name === 'streaming') return need.met ? n.yes : n.no;
  if (need.name === 'gpu-memory' && need.met === false) return n.notAllocated;
  if (need.name === 'buffer' && need.here === null) return n.none;
  if (need.here === null) return n.untold;
  if (need.name === 'gpu-memory') return n.allocated;
  if (need.name === 'storage') return n.free(need.here);
  return need.name === 'memory' && need.met !== false ? n.atLeast(need.here) : bytes(need.here);
}

function Met({ met }: { readonly met: boolean | null }) {
  const { needs } = useModelsMessages();
  return (
    <td className="models-table__mark">
      {met === null ? <span aria-hidden="true">?</span> : <Icon name={met ? 'check' : 'alert'} />}
      <span className="ui-sr">{met === null ? needs.unknown : met ? needs.met : needs.notMet}</span>
    </td>
  );
}
