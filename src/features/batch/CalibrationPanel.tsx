/** Panel of the calibration to the human scores of this batch: fit it, see its held-out error, show it, save it. */
import { isPair } from '../../../core/stats/batch-metrics.ts';
import { LEAST_CALIBRATION } from '../../../core/stats/calibration.ts';
import { errorText } from '../../../core/text/error-messages.ts';
import { saveFile } from '../../page/save-file.ts';
import { Button } from '../../ui/Button.tsx';
import { useLang } from '../../ui/messages/useMessages.tsx';
import { Panel } from '../../ui/Panel.tsx';
import './CalibrationPanel.css';
import { useBatchMessages } from './messages/useBatchMessages.ts';
import type { BatchState } from './state/store.ts';
import type { BatchCalibration } from './useCalibration.ts';

export function CalibrationPanel(props: {
  readonly state: BatchState;
  readonly calibration: BatchCalibration;
}) {
  const { rows, name } = props.state;
  const { calibration, error, busy, shown, start, show } = props.calibration;
  const { calibration: t } = useBatchMessages();
  const lang = useLang();
  const pairs = rows.filter(isPair).length;
  const save = () => {
    const stem = name.replace(/[^\p{L}\p{N}._-]+/gu, '-') || 'batch';
    saveFile(`${stem}-calibration.json`, `${JSON.stringify(calibration, null, 1)}\n`, 'application/json');
  };
  const fault = error && (errorText(lang, error.code, error.params)?.title ?? error.message);
  return (
    <Panel title={t.title} note={calibration ? t.fitted(calibration.heldOut.n) : undefined}>
      <p>{calibration ? t.heldOut(calibration.heldOut) : t.about}</p>
      {calibration && <p className="batch-side__note">{t.map(calibration.map.kind)}</p>}
      {fault && <p role="alert">{fault}</p>}
      <p className="batch-calibration__actions">
        {pairs < LEAST_CALIBRATION ? (
          <span className="batch-metrics__needs">{t.needs(LEAST_CALIBRATION)}</span>
        ) : (
          <Button disabled={busy} onClick={start}>
            {calibration ? t.again : t.fit}
          </Button>
        )}
        {calibration && (
          <>
            <Button pressed={shown} onClick={() => show(!shown)}>
              {t.show}
            </Button>
            <Button onClick={save}>{t.save}</Button>
          </>
        )}
      </p>
    </Panel>
  );
}
