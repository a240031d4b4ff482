/** The player before a video of the page's address is fetched: host and size are stated, and nothing is fetched unasked. */
import { useEffect, useRef, useState } from 'react';
import { CodedError, type CodedErrorData, isAbort } from '../../../core/errors.ts';
import { fetchVideo, nameOfAddress, videoAddress } from '../../assessment/run/fetch-video.ts';
import { offerFiles } from '../../page/file-input.ts';
import { goTo } from '../../page/router.ts';
import { Button } from '../../ui/Button.tsx';
import { ErrorCard } from '../../ui/ErrorCard.tsx';
import { Corners } from './DropZone.tsx';
import { useAssessMessages } from './messages/useAssessMessages.ts';
import './DropZone.css';

type Fetching =
  | { readonly phase: 'asking' }
  | { readonly phase: 'fetching'; readonly done: number; readonly total?: number | undefined }
  | { readonly phase: 'failed'; readonly error: CodedErrorData };

const dataOf = (error: unknown): CodedErrorData =>
  error instanceof CodedError
    ? error.toData()
    : new CodedError('app/unexpected', { detail: String(error) }).toData();

function useFetching(address: string) {
  const [state, setState] = useState<Fetching>({ phase: 'asking' });
  const run = useRef<AbortController | null>(null);
  const stop = () => run.current?.abort();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another address is another question
  useEffect(() => {
    setState({ phase: 'asking' });
    return stop;
  }, [address]);
  const start = async () => {
    stop();
    const controller = new AbortController();
    run.current = controller;
    const { signal } = controller;
    setState({ phase: 'fetching', done: 0 });
    try {
      const onBytes = (done: number, total?: number) => setState({ phase: 'fetching', done, total });
      const file = await fetchVideo(videoAddress(address), { signal, onBytes });
      signal.throwIfAborted();
      offerFiles([file], 'choose');
    } catch (error) {
      if (run.current !== controller) return;
      setState(
        signal.aborted || isAbort(error) ? { phase: 'asking' } : { phase: 'failed', error: dataOf(error) },
      );
    }
  };
  return { state, start: () => void start(), stop };
}

export function LinkedVideo({ address }: { readonly address: string }) {
  const t = useAssessMessages().linked;
  const { state, start, stop } = useFetching(address);
  const url = URL.canParse(address) ? new URL(address) : null;
  const other = () => goTo('assess');
  if (state.phase === 'failed')
    return (
      <div className="assess-player assess-finder ui-on-player">
        <Corners />
        <ErrorCard
          error={state.error}
          onPlayer
          actions={[
            { label: t.again, onClick: start },
            { label: t.other, onClick: other },
          ]}
        />
      </div>
    );
  const fetching = state.phase === 'fetching';
  return (
    <div className="assess-player assess-finder ui-on-player">
      <Corners />
      <div className="assess-finder__middle">
        <p className="assess-finder__title">{url ? nameOfAddress(url) : address}</p>
        <p className="assess-finder__lead" role="status">
          {fetching ? t.progress(state.done, state.total) : t.lead(url?.host ?? address)}
        </p>
        <div className="assess-finder__buttons">
          {fetching ? (
            <Button size="large" onClick={stop}>
              {t.stop}
            </Button>
          ) : (
            <>
              <Button look="primary" size="large" onClick={start}>
                {t.fetch}
              </Button>
              <Button size="large" onClick={other}>
                {t.other}
              </Button>
            </>
          )}
        </div>
      </div>
    </div>
  );
}
