/** The calibration of a batch: fitted in a worker when it is asked for, shown in the table while that is on. */
import { useState } from 'react';
import type { CodedErrorData } from '../../../core/errors.ts';
import type { Calibration } from '../../../core/files/calibration.ts';
import { toErrorData } from '../../assessment/model/model-store.ts';
import { APP } from '../../assessment/session.ts';
import type { BatchState } from './state/store.ts';
import { metricsClient, slimRow } from './useMetrics.ts';

export interface BatchCalibration {
  /** Null before it is fitted, and where the batch has scores of another model now. */
  readonly calibration: Calibration | null;
  readonly error: CodedErrorData | null;
  readonly busy: boolean;
  /** True while the table has calibrated scores. */
  readonly shown: boolean;
  start(): void;
  show(shown: boolean): void;
}

export function useCalibration({ rows, model, check, name }: BatchState): BatchCalibration {
  const [fitted, setFitted] = useState<Calibration | null>(null);
  const [error, setError] = useState<CodedErrorData | null>(null);
  const [busy, setBusy] = useState(false);
  const [shown, show] = useState(false);
  const run = async () => {
    if (!model) return;
    setBusy(true);
    setError(null);
    const about = {
      app: APP,
      createdAt: new Date().toISOString(),
      model: { name: model.name, sha256: model.manifestSha256 },
      table: check?.tables.map((table) => table.name).join(', ') || name,
    };
    try {
      setFitted(await metricsClient.calibrate(rows.map(slimRow), about));
      show(true);
    } catch (fault) {
      setError(toErrorData(fault));
    } finally {
      setBusy(false);
    }
  };
  const calibration = fitted?.model.sha256 === model?.manifestSha256 ? fitted : null;
  return { calibration, error, busy, shown: shown && calibration !== null, start: () => void run(), show };
}
