/** A model of the catalogue beside the list: its needs on this machine, the three steps, what was measured, facts. */
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { type HubAddress, hubAddress } from '../../../core/files/hub-address.ts';
import type { Machine } from '../../../core/files/machine.ts';
import type { CatalogueModel } from '../../../core/files/model-catalogue.ts';
import { publishedOf, publishedSource } from '../../../core/stats/published.ts';
import { bytes, correlation, count } from '../../../core/text/format.ts';
import { hasQuestion } from '../../assessment/model/conversion.ts';
import { conversion } from '../../assessment/model/packages-session.ts';
import { Button, IconButton } from '../../ui/Button.tsx';
import { Rich } from '../../ui/Rich.tsx';
import './CatalogueDetail.css';
import './ModelDetail.css';
import { chosenVariant, verdictOf } from './CatalogueRow.tsx';
import { useModelsMessages } from './messages/useModelsMessages.ts';
import { NeedsTable } from './NeedsTable.tsx';

export interface CatalogueDetailProps {
  readonly model: CatalogueModel;
  readonly machine: Machine | null;
}

export function CatalogueDetail({ model, machine }: CatalogueDetailProps) {
  const t = useModelsMessages();
  const c = t.catalogue;
  const verdict = verdictOf(model, machine);
  const { what, tried } = c.models[model.id];
  const section = useRef<HTMLElement>(null);
  useEffect(() => {
    // In one column the steps begin below the list, out of sight of the button that asks for them.
    const { top = 0 } = section.current?.getBoundingClientRect() ?? {};
    if (top > innerHeight / 2) section.current?.scrollIntoView();
  }, []);
  return (
    <section className="models-detail" aria-label={model.name} ref={section}>
      <div className="models-detail__body">
        <div>
          <h2 className="models-detail__name">{model.name}</h2>
          <p className="models-detail__what">
            <Rich text={what} />
          </p>
        </div>
        {verdict && <NeedsTable verdict={verdict} machine={machine} may={c.may} />}
        <Steps model={model} />
        <section>
          <h3 className="models-detail__heading">{c.tried}</h3>
          <p className="models-detail__text">
            <Rich text={tried} />
          </p>
        </section>
        {model.published !== null && <Agreement method={model.published} />}
        <Facts model={model} converted={chosenVariant(model, verdict)} />
      </div>
    </section>
  );
}

interface Converted {
  readonly dtype: string;
  readonly bytes: number;
}

/** The command that makes the package of this shape. */
export function convertCommand({ weights, release, folder, name, variants }: CatalogueModel): string {
  const hub = weights === 'released' && release !== null ? hubAddress(release) : null;
  const source = weights === 'none' ? 'CHECKPOINT' : hub ? `hf:${hub.repository}` : folder;
  const out = name.toLowerCase().replace(/\s+/g, '-');
  const dtype = variants[0]!.dtype;
  return `npm run convert -- ${source} ${out}-package${dtype === 'q8' ? '' : ` --dtype ${dtype}`}`;
}

/** The way to weights and package, by what there is of the weights. */
function Steps({ model }: { readonly model: CatalogueModel }) {
  const { catalogue: c } = useModelsMessages();
  const steps = model.weights === 'none' ? <TrainingSteps model={model} /> : <ReleasedSteps model={model} />;
  return (
    <section>
      <h3 className="models-detail__heading">{c.howTo(model.name)}</h3>
      <ol className="models-steps">
        {steps}
        <li>
          <Rich text={c.use} />
        </li>
      </ol>
    </section>
  );
}

function ReleasedSteps({ model }: { readonly model: CatalogueModel }) {
  const { catalogue: c } = useModelsMessages();
  const { release, folder, checkpointBytes, files } = model;
  const packageBytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const hub = release === null ? null : hubAddress(release);
  // The offer has the one filled button then.
  const asked = useStore(conversion.store, hasQuestion);
  return (
    <>
      <li>
        {release === null ? (
          <Rich text={c.inRepository(folder, checkpointBytes)} />
        ) : (
          <>
            {c.released} <ReleaseLink address={release} />
          </>
        )}
      </li>
      <li>
        {hub ? c.convertRead(checkpointBytes, packageBytes) : c.convert(packageBytes)}
        {hub && (
          <p className="models-steps__action">
            <Button look={asked ? 'plain' : 'primary'} onClick={() => lookAt(hub)}>
              {c.convertHere}
            </Button>
          </p>
        )}
        {hub && c.orTerminal}
        <CommandLine line={convertCommand(model)} />
      </li>
    </>
  );
}

/** The offer appears above the list. */
function lookAt(address: HubAddress): void {
  scrollTo({ top: 0 });
  void conversion.look({ kind: 'hub', address });
}

/** A model that nobody has trained yet. */
function TrainingSteps({ model }: { readonly model: CatalogueModel }) {
  const { catalogue: c } = useModelsMessages();
  const { id, release, folder } = model;
  const base = release?.split('/').at(-1) ?? '';
  return (
    <>
      <li>
        {c.base} {release && <ReleaseLink address={release} />}
        <CommandLine
          line={`node scripts/python.mjs -m modules.base_checkpoint ${base} SLOWFAST_8x8_R50.pyth ${folder}`}
        />
      </li>
      <li>
        {c.train(c.models[id].training ?? '')}
        <CommandLine line={`npm run train -- recipes/${id}.json`} />
      </li>
      <li>
        {c.convertTrained}
        <CommandLine line={convertCommand(model)} />
      </li>
    </>
  );
}

function ReleaseLink({ address }: { readonly address: string }) {
  return (
    <a href={address} target="_blank" rel="noreferrer">
      {address.replace(/^https:\/\//, '')}
    </a>
  );
}

function CommandLine({ line }: { readonly line: string }): ReactNode {
  const { catalogue: c } = useModelsMessages();
  const [copied, setCopied] = useState(false);
  return (
    <div className="models-command">
      <code>{line}</code>
      <IconButton
        icon={copied ? 'check' : 'copy'}
        label={copied ? c.copied : c.copy}
        onClick={() => void navigator.clipboard.writeText(line).then(() => setCopied(true))}
      />
    </div>
  );
}

function Agreement({ method }: { readonly method: string }) {
  const { catalogue: c } = useModelsMessages();
  return (
    <section>
      <table className="models-table models-table--numbers">
        <caption>{c.agreement}</caption>
        <thead>
          <tr>
            <th scope="col">{c.dataset}</th>
            <th scope="col">{c.videos}</th>
            <th scope="col">SRCC</th>
            <th scope="col">PLCC</th>
          </tr>
        </thead>
        <tbody>
          {publishedOf(method).map(({ dataset, videos, srcc, plcc }) => (
            <tr key={dataset}>
              <th scope="row">{dataset}</th>
              <td>{count(videos)}</td>
              <td>{correlation(srcc)}</td>
              <td>{correlation(plcc)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="models-detail__note">{c.agreementNote(publishedSource)}</p>
    </section>
  );
}

function Facts({ model, converted }: { readonly model: CatalogueModel; readonly converted: Converted }) {
  const t = useModelsMessages();
  const c = t.catalogue;
  const lines: readonly [string, string][] = [
    [c.parametersName, count(model.parameters)],
    [c.checkpoint, `${bytes(model.checkpointBytes)}, ${c.format}`],
    [c.converted, `${bytes(converted.bytes)}, ${converted.dtype}`],
    [c.looks, t.facts.looksValue(model.frames, model.size)],
    [c.licence, c.models[model.id].licence],
  ];
  return (
    <dl className="models-facts" aria-label={t.facts.title}>
      {lines.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
