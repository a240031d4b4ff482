/** A model of the catalogue in the list: its sizes, the verdict for this machine, and the way to get it. */
import { checkMachine, type Machine, type MachineCheck } from '../../../core/files/machine.ts';
import type { CatalogueModel } from '../../../core/files/model-catalogue.ts';
import { bytes } from '../../../core/text/format.ts';
import { Button } from '../../ui/Button.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { useModelsMessages } from './messages/useModelsMessages.ts';
import { refusal, verdictLine } from './row-view.ts';

/** Variant that this machine would use, else the one that is worth making. */
export function chosenVariant(model: CatalogueModel, verdict: MachineCheck | null) {
  const variant = verdict?.variant ?? model.variants[0]!;
  const files = new Set(variant.files);
  const size = model.files.reduce((sum, { path, bytes: n }) => sum + (files.has(path) ? n : 0), 0);
  return { dtype: variant.dtype, bytes: size };
}

export const verdictOf = (model: CatalogueModel, machine: Machine | null): MachineCheck | null =>
  machine && checkMachine(model, machine);

export interface CatalogueRowProps {
  readonly model: CatalogueModel;
  readonly machine: Machine | null;
  readonly selected: boolean;
  readonly onSelect: () => void;
}

export function CatalogueRow({ model, machine, selected, onSelect }: CatalogueRowProps) {
  const t = useModelsMessages();
  const c = t.catalogue;
  const verdict = verdictOf(model, machine);
  const { dtype, bytes: converted } = chosenVariant(model, verdict);
  const sizes = c.sizes[model.weights];
  return (
    <li className={`models-row${selected ? ' models-row--selected' : ''}`}>
      <div className="models-row__line">
        <button type="button" className="models-row__open" aria-pressed={selected} onClick={onSelect}>
          <span className="models-row__name">{model.name}</span>
          <span className="models-row__about">
            {t.line([c.parameters(model.parameters), c.models[model.id].about])}
          </span>
          <span className="models-row__about">{sizes(model.checkpointBytes, converted, t.dtype[dtype])}</span>
        </button>
        <span className="models-row__size">{bytes(model.checkpointBytes)}</span>
        <span className="models-row__actions">
          <Button aria-label={c.howFor(model.name)} onClick={onSelect}>
            {c.how}
          </Button>
        </span>
      </div>
      {verdict && (
        <p className="models-row__verdict">
          <Icon name={verdict.runs === false ? 'alert' : 'check'} />
          <span>
            {verdict.runs === null ? (refusal(verdict.needs, t) ?? c.mayRun) : verdictLine(verdict, t)}
          </span>
        </p>
      )}
    </li>
  );
}
