/** Stalls of the open video for a streaming scorer: their editor, the score with them, and what each of them costs. */
import { useEffect, useId, useState } from 'react';
import { useStore } from 'zustand';
import { type PlayerEvent, type Stall, stallsOfEvents, writeStalls } from '../../../../core/vqa2/stalls.ts';
import type { OpenedVideo } from '../../../../workers/media/api.ts';
import type { LoadedVqa2 } from '../../../../workers/model/api.ts';
import { assess, media, models } from '../../../assessment/session.ts';
import { type StallCosts, StallStore } from '../../../assessment/vqa2/stall-store.ts';
import { Button, IconButton } from '../../../ui/Button.tsx';
import { useErrorText } from '../../../ui/messages/useMessages.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import type { AssessView } from '../useAssessView.ts';
import { useLevelMessages } from './messages/useLevelMessages.ts';
import { StallTrack } from './StallTrack.tsx';
import './Stalls.css';

const stallStore = new StallStore({ media, client: models.client.vqa2 });

export function StallPanel(props: {
  readonly view: AssessView;
  readonly video: OpenedVideo;
  readonly model: LoadedVqa2;
}) {
  const { view, video, model } = props;
  const t = useLevelMessages();
  const { stalls, costs, error } = useStore(stallStore.store);
  const { file } = view.state;
  useEffect(() => stallStore.use(file), [file]);
  const length = video.facts.frames / video.facts.fps;
  const position = () => video.times[view.player?.store.getState().frame ?? 0] ?? 0;
  const add = () => stallStore.set([...stalls, { at: Math.max(0.1, position()), duration: 1 }]);
  return (
    <Panel title={t.stalls.title} note={t.stalls.note}>
      <div className="levels-stalls">
        <StallTrack stalls={stalls} length={length} onChange={stallStore.set} />
        <p className="levels-side__note">{t.stalls.help}</p>
        <div className="levels-stalls__buttons">
          <Button onClick={add}>{t.stalls.add}</Button>
          <Recorder view={view} stalls={stalls} />
          <Button onClick={() => assess.rerun({ stalls })}>{t.stalls.score}</Button>
          {costs?.state === 'running' ? (
            <Button onClick={stallStore.stop}>{t.stalls.stop}</Button>
          ) : (
            stalls.length > 0 && (
              <Button onClick={() => void stallStore.measure(video, model)}>{t.stalls.measure}</Button>
            )
          )}
        </div>
        {error && <Fault error={error} />}
        {stalls.length > 0 && <List stalls={costs?.stalls ?? stalls} costs={costs} />}
        <TextList stalls={stalls} video={video} />
      </div>
    </Panel>
  );
}

function Fault({ error }: { readonly error: Parameters<typeof useErrorText>[0] }) {
  const { title, body } = useErrorText(error);
  return (
    <p className="levels-side__note" role="alert">
      {title} {body}
    </p>
  );
}

/** Takes the player's own waits while it plays. */
function Recorder({ view, stalls }: { readonly view: AssessView; readonly stalls: readonly Stall[] }) {
  const t = useLevelMessages();
  const [events, setEvents] = useState<PlayerEvent[] | null>(null);
  const [ignored, setIgnored] = useState(0);
  const { playerBox } = view;
  useEffect(() => {
    const element = playerBox.current?.querySelector('video');
    if (!events || !element) return;
    const kinds = ['waiting', 'playing', 'pause', 'seeking', 'ended'] as const;
    const note = ({ type }: Event) =>
      events.push({
        kind: type as PlayerEvent['kind'],
        position: element.currentTime,
        clock: performance.now() / 1000,
      });
    for (const kind of kinds) element.addEventListener(kind, note);
    return () => {
      for (const kind of kinds) element.removeEventListener(kind, note);
    };
  }, [events, playerBox]);
  const end = () => {
    const recorded = stallsOfEvents(events ?? []);
    setIgnored(recorded.initial);
    setEvents(null);
    if (recorded.stalls.length > 0) stallStore.set([...stalls, ...recorded.stalls]);
  };
  return (
    <>
      {events ? (
        <Button onClick={end}>{t.stalls.recordEnd}</Button>
      ) : (
        <Button onClick={() => setEvents([])}>{t.stalls.record}</Button>
      )}
      {ignored > 0 && <span className="levels-side__note">{t.stalls.initial(ignored)}</span>}
    </>
  );
}

function List({ stalls, costs }: { readonly stalls: readonly Stall[]; readonly costs: StallCosts | null }) {
  const t = useLevelMessages();
  const score = (value: number | null | undefined) => (value == null ? '–' : value.toFixed(1));
  const all = costs?.all ?? null;
  return (
    <table className="levels-stalls__list">
      <caption className="ui-sr">{t.stalls.title}</caption>
      <thead>
        <tr>
          <th scope="col">{t.stalls.at}</th>
          <th scope="col">{t.stalls.duration}</th>
          {costs && <th scope="col">{t.stalls.without}</th>}
          {costs && <th scope="col">{t.stalls.cost}</th>}
          <th scope="col">
            <span className="ui-sr">{t.stalls.actions}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {stalls.map(({ at, duration }, i) => {
          const without = costs?.without[i] ?? null;
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: a stall has no identity but its position in the list
            <tr key={i}>
              <td>{t.stalls.seconds(at)}</td>
              <td>{t.stalls.seconds(duration)}</td>
              {costs && <td>{score(without)}</td>}
              {costs && <td>{without === null || all === null ? '–' : t.stalls.signed(without - all)}</td>}
              <td>
                <IconButton
                  icon="trash"
                  label={t.stalls.remove(i + 1)}
                  onClick={() => stallStore.set(stalls.toSpliced(i, 1))}
                />
              </td>
            </tr>
          );
        })}
      </tbody>
      {costs && (
        <tfoot>
          <tr>
            <th scope="row" colSpan={2}>
              {t.stalls.with}
            </th>
            <td>{score(all)}</td>
            <td />
            <td />
          </tr>
          <tr>
            <th scope="row" colSpan={2}>
              {t.stalls.none}
            </th>
            <td>{score(costs.none)}</td>
            <td>{costs.none === null || all === null ? '–' : t.stalls.signed(costs.none - all)}</td>
            <td />
          </tr>
        </tfoot>
      )}
    </table>
  );
}

/** The list as text: to paste one, or to take this one away. */
function TextList({ stalls, video }: { readonly stalls: readonly Stall[]; readonly video: OpenedVideo }) {
  const t = useLevelMessages();
  const id = useId();
  const [text, setText] = useState<string | null>(null);
  return (
    <details
      className="levels-prompt"
      // The event of opening comes late and would undo what was typed since.
      onToggle={({ currentTarget }) => currentTarget.open || setText(null)}
    >
      <summary>{t.stalls.list}</summary>
      <label htmlFor={id} className="levels-side__note">
        {t.stalls.listHelp}
      </label>
      <textarea
        id={id}
        className="levels-stalls__text"
        rows={4}
        spellCheck={false}
        value={text ?? writeStalls(stalls)}
        onChange={({ target }) => setText(target.value)}
      />
      <Button
        onClick={() => {
          stallStore.read(text ?? writeStalls(stalls), video);
          setText(null);
        }}
      >
        {t.stalls.listTake}
      </Button>
    </details>
  );
}
