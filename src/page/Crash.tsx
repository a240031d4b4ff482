/** Error boundary of one part of the page: shows the error there, with details to copy; the rest stays. */
import { Component, type ReactNode } from 'react';
import { CodedError } from '../../core/errors.ts';
import { ErrorCard } from '../ui/ErrorCard.tsx';
import { useMessages } from '../ui/messages/useMessages.tsx';
import './Crash.css';

export interface CrashProps {
  readonly children: ReactNode;
  /** Renders the children again, for parts that are loaded on demand. */
  readonly onAgain: () => void;
}

export class Crash extends Component<CrashProps, { readonly error: Error | null }> {
  override state: { readonly error: Error | null } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render() {
    const { error } = this.state;
    const again = () => {
      this.setState({ error: null });
      this.props.onAgain();
    };
    return error ? <CrashCard error={error} onAgain={again} /> : this.props.children;
  }
}

function CrashCard({ error, onAgain }: { readonly error: Error; readonly onAgain: () => void }) {
  const t = useMessages();
  const reload = { label: t.actions.reload, onClick: () => location.reload() };
  const coded =
    error instanceof CodedError ? error : new CodedError('app/unexpected', { detail: error.message });
  return (
    <div className="app-crash">
      <ErrorCard
        error={coded.toData()}
        actions={
          coded.code === 'app/part' ? [{ label: t.actions.tryAgain, onClick: onAgain }, reload] : [reload]
        }
        details={[error.stack ?? '', navigator.userAgent]}
      />
    </div>
  );
}
