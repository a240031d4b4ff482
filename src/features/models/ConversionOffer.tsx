/** A checkpoint that can be converted: what it takes, the formats with their reasons, and the question for a token. */
import { type FormEvent, useId, useState } from 'react';
import { useStore } from 'zustand';
import type { HubAddress } from '../../../core/files/hub-address.ts';
import { checkMachine, type Machine } from '../../../core/files/machine.ts';
import { bytes } from '../../../core/text/format.ts';
import type { CheckpointOffer, OfferedDtype, PackageChoice } from '../../../workers/convert/api.ts';
import { type ConversionState, recommended } from '../../assessment/model/conversion.ts';
import { conversion, packages } from '../../assessment/model/packages-session.ts';
import { Button } from '../../ui/Button.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { Rich } from '../../ui/Rich.tsx';
import './ConversionOffer.css';
import { useModelsMessages } from './messages/useModelsMessages.ts';
import { refusal } from './row-view.ts';

const hostOf = ({ endpoint }: HubAddress) => new URL(endpoint).host;

/** Storage is judged for the offer as a whole. */
const verdictOf = ({ requirements }: PackageChoice, machine: Machine | null) =>
  machine && checkMachine(requirements, { ...machine, free: null });

/** The format of an unfinished conversion of the same checkpoint; null without one. */
function begunDtype(
  { unfinished }: ConversionState,
  { name, address }: CheckpointOffer,
): OfferedDtype | null {
  const same = unfinished.find((one) => one.name === name && one.address?.revision === address?.revision);
  return same?.dtype ?? null;
}

export function ConversionOffer({ onMade }: { readonly onMade: (id: string) => void }) {
  const state = useStore(conversion.store);
  const machine = useStore(packages.store, (one) => one.machine);
  const { offered, locked } = state;
  if (locked) return <TokenQuestion key={locked.repository} address={locked} />;
  if (!offered) return null;
  const { offer } = offered;
  const begun = begunDtype(state, offer);
  const best = recommended(
    offer,
    (dtype) => verdictOf(offer.packages.find((one) => one.dtype === dtype)!, machine)?.runs ?? null,
  );
  const key = `${offer.name} ${offer.address?.revision ?? ''}`;
  return <Offer key={key} offer={offer} machine={machine} best={best} begun={begun} onMade={onMade} />;
}

interface OfferProps {
  readonly offer: CheckpointOffer;
  readonly machine: Machine | null;
  readonly best: OfferedDtype;
  readonly begun: OfferedDtype | null;
  readonly onMade: (id: string) => void;
}

function Offer({ offer, machine, best, begun, onMade }: OfferProps) {
  const t = useModelsMessages();
  const c = t.conversion;
  const title = useId();
  const [dtype, setDtype] = useState(begun ?? best);
  const running = useStore(conversion.store, (state) => state.running !== null);
  const chosen = offer.packages.find((one) => one.dtype === dtype) ?? offer.packages[0]!;
  const { name, address, weightBytes } = offer;
  const free = machine?.free ?? null;
  const missing = free === null || begun === dtype ? 0 : chosen.bytes - free;
  const convert = async () => {
    // The verdict beside the format says that it failed; who still wants the package presses again.
    if (!(await packages.tryMemory(chosen.requirements))) return;
    const id = await conversion.start(dtype);
    if (id !== null) onMade(id);
  };
  return (
    <section className="models-offer" aria-labelledby={title}>
      <h3 id={title}>{c.offer(name)}</h3>
      <p>
        <Rich
          text={address ? c.from(address.repository, address.revision, hostOf(address)) : c.fromFolder(name)}
        />
      </p>
      <p>{c.sizes(weightBytes, chosen.bytes, free)}</p>
      <fieldset className="models-offer__formats">
        <legend>{c.dtypes}</legend>
        {offer.packages.map((one) => (
          <Format
            key={one.dtype}
            choice={one}
            machine={machine}
            best={one.dtype === best}
            chosen={one.dtype === dtype}
            onChoose={() => setDtype(one.dtype)}
          />
        ))}
      </fieldset>
      {missing > 0 && (
        <p className="models-offer__refused" role="alert">
          <Icon name="alert" />
          {c.tooLittle(missing)}
        </p>
      )}
      <div className="models-offer__actions">
        <Button look="primary" disabled={missing > 0 || running} onClick={() => void convert()}>
          {begun === dtype ? c.goOn : c.convert}
        </Button>
        <Button onClick={conversion.dismiss}>{c.cancel}</Button>
      </div>
    </section>
  );
}

interface FormatProps {
  readonly choice: PackageChoice;
  readonly machine: Machine | null;
  readonly best: boolean;
  readonly chosen: boolean;
  readonly onChoose: () => void;
}

function Format({ choice, machine, best, chosen, onChoose }: FormatProps) {
  const t = useModelsMessages();
  const c = t.conversion;
  const id = useId();
  const verdict = verdictOf(choice, machine);
  const refused = verdict && refusal(verdict.needs, t);
  const reason = choice.variants.length > 1 ? c.bothTargets : c.reasons[choice.dtype];
  return (
    <label className="models-offer__format">
      <input
        type="radio"
        name="models-offer-format"
        aria-describedby={id}
        checked={chosen}
        onChange={onChoose}
      />
      <span>
        <strong>{t.dtype[choice.dtype]}</strong>, {bytes(choice.bytes)}{' '}
        {best && !refused && <em>{c.recommended}</em>}
        <span id={id} className="models-offer__reason">
          {reason} {refused}
        </span>
      </span>
    </label>
  );
}

/** The token is state of this form alone, and gone with it. */
function TokenQuestion({ address }: { readonly address: HubAddress }) {
  const { conversion: c } = useModelsMessages();
  const id = useId();
  const [token, setToken] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void conversion.look({ kind: 'hub', address, token });
  };
  return (
    <form className="models-add" onSubmit={submit} autoComplete="off">
      <p className="models-offer__locked">{c.locked(address.repository, hostOf(address))}</p>
      <label htmlFor={id}>{c.token}</label>
      <input
        id={id}
        className="ui-field"
        type="password"
        autoComplete="off"
        required
        spellCheck={false}
        placeholder="hf_…"
        value={token}
        onChange={(event) => setToken(event.target.value)}
      />
      <button type="submit" className="ui-button ui-button--primary ui-button--normal">
        {c.tokenDo}
      </button>
    </form>
  );
}
