import { useEffect } from 'react';

/** While `running`, closing or leaving the page asks for confirmation, with the browser's own dialog. */
export function useLeaveGuard(running: boolean): void {
  useEffect(() => {
    if (!running) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, [running]);
}
