/** Not connected: where the server is, its token, and how one is started. */
import { type FormEvent, useEffect, useId, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { Button, IconButton } from '../../ui/Button.tsx';
import { ErrorCard } from '../../ui/ErrorCard.tsx';
import { parseAddress, shownAddress, storedCredentials, USUAL_ADDRESS } from './state/link.ts';
import { training } from './state/session.ts';
import './Connect.css';
import { useTrainingMessages } from './messages/useTrainingMessages.ts';

const COMMAND = 'npm run train-server';

export function Connect() {
  const t = useTrainingMessages();
  const { phase, error } = useStore(training.store);
  const [first] = useState(() => storedCredentials('', location.origin));
  const [address, setAddress] = useState(shownAddress(first?.address ?? USUAL_ADDRESS));
  const [token, setToken] = useState(first?.token ?? '');
  const [remember, setRemember] = useState(first?.remember ?? false);
  const [shown, setShown] = useState(false);
  const [wrong, setWrong] = useState<'address' | 'token' | null>(null);
  const [copied, setCopied] = useState(false);
  const addressField = useRef<HTMLInputElement>(null);
  const tokenField = useRef<HTMLInputElement>(null);
  const id = useId();
  const busy = phase === 'connecting';

  // Where nothing is known yet, and this very page comes from a training server, that one is meant.
  useEffect(() => {
    if (first) return;
    const probe = new AbortController();
    fetch('/api/runs', { signal: probe.signal }).then(
      ({ status, headers }) => {
        if (status === 401 && headers.get('WWW-Authenticate') === 'Bearer') setAddress(location.host);
      },
      // No answer, no guess.
      () => {},
    );
    return () => probe.abort();
  }, [first]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const origin = parseAddress(address);
    const fault = origin === null ? 'address' : token.trim() === '' ? 'token' : null;
    setWrong(fault);
    if (fault !== null) (fault === 'address' ? addressField : tokenField).current?.focus();
    else if (origin !== null) void training.enter({ address: origin, token: token.trim(), remember });
  };

  return (
    <div className="training-connect">
      <form className="training-connect__form" onSubmit={submit} noValidate aria-labelledby={`${id}title`}>
        <h2 id={`${id}title`} className="training-connect__title">
          {t.connect.title}
        </h2>
        <p className="training-connect__lead">{t.connect.lead}</p>
        {error && !busy && (
          <div className="training-connect__error">
            <ErrorCard error={error} />
          </div>
        )}
        <Field
          label={t.connect.address}
          id={`${id}address`}
          fault={wrong === 'address' && t.connect.badAddress}
        >
          <input
            id={`${id}address`}
            ref={addressField}
            className="training-field__input"
            value={address}
            onChange={(event) => setAddress(event.target.value)}
            inputMode="url"
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            aria-invalid={wrong === 'address'}
            aria-describedby={wrong === 'address' ? `${id}address-fault` : undefined}
          />
        </Field>
        <Field label={t.connect.token} id={`${id}token`} fault={wrong === 'token' && t.connect.badToken}>
          <input
            id={`${id}token`}
            ref={tokenField}
            className="training-field__input training-field__input--code"
            type={shown ? 'text' : 'password'}
            value={token}
            onChange={(event) => setToken(event.target.value)}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            aria-invalid={wrong === 'token'}
            aria-describedby={wrong === 'token' ? `${id}token-fault` : undefined}
          />
          <Button look="quiet" aria-pressed={shown} onClick={() => setShown(!shown)}>
            {shown ? t.connect.hide : t.connect.show}
          </Button>
        </Field>
        <label className="training-connect__remember">
          <input type="checkbox" checked={remember} onChange={(event) => setRemember(event.target.checked)} />
          <span>
            {t.connect.remember}
            <span className="training-connect__help">{t.connect.rememberHelp}</span>
          </span>
        </label>
        <button
          type="submit"
          className="ui-button ui-button--primary ui-button--large"
          disabled={busy}
          aria-busy={busy}
        >
          {busy ? t.connect.connecting : t.connect.go}
        </button>
      </form>
      <aside className="training-connect__how">
        <h2>{t.connect.command}</h2>
        <div className="training-connect__command">
          <code>{COMMAND}</code>
          <IconButton
            icon={copied ? 'check' : 'copy'}
            label={copied ? t.connect.copied : t.connect.copy}
            onClick={() => void navigator.clipboard.writeText(COMMAND).then(() => setCopied(true))}
          />
        </div>
        <p>{t.connect.commandNote}</p>
        <p>{t.connect.elsewhere}</p>
      </aside>
    </div>
  );
}

function Field(props: {
  readonly label: string;
  readonly id: string;
  readonly fault: string | false;
  readonly children: React.ReactNode;
}) {
  const { label, id, fault, children } = props;
  return (
    <div className="training-field">
      <label htmlFor={id} className="training-field__label">
        {label}
      </label>
      <div className="training-field__row">{children}</div>
      {fault && (
        <p id={`${id}-fault`} className="training-field__fault" role="alert">
          {fault}
        </p>
      )}
    </div>
  );
}
