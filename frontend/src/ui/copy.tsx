import { useEffect, useState } from 'react';
import { Icon } from './icons';

/** Copies a text; it is made when asked for, as it may be large. */
export function CopyButton({ text, label = 'Copy' }: { text: () => string; label?: string }) {
  const [outcome, setOutcome] = useState<'' | 'Copied' | 'Not allowed'>('');
  useEffect(() => {
    if (outcome === '') return;
    const timer = setTimeout(() => setOutcome(''), 1500);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = () => {
    copyText(text()).then(
      () => setOutcome('Copied'),
      () => setOutcome('Not allowed'),
    );
  };
  return (
    <button type="button" className="button quiet small" onClick={copy}>
      <Icon name={outcome === 'Copied' ? 'check' : 'copy'} />
      <span aria-live="polite">{outcome || label}</span>
    </button>
  );
}

function copyText(text: string): Promise<void> {
  // Browsers offer the clipboard to secure origins only; loopback is one.
  const clipboard = navigator.clipboard as Clipboard | undefined;
  return clipboard ? clipboard.writeText(text) : Promise.reject(new Error('no clipboard here'));
}
