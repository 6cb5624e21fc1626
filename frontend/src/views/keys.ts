import { useEffect, useRef } from 'react';

/** Keys for the whole view; they rest while the user writes or uses a control. */
export function useKeys(keys: Readonly<Record<string, () => unknown>>): void {
  const latest = useRef(keys);
  useEffect(() => {
    latest.current = keys;
  });
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const writing = isWriting(event.target);
      if (writing && event.key === 'Escape') (event.target as HTMLElement).blur();
      if (
        writing ||
        (event.key === 'Enter' && isControl(event.target)) ||
        (event.key.startsWith('Arrow') && isScrolled(event.target))
      )
        return;
      const run = latest.current[event.key];
      if (run === undefined) return;
      event.preventDefault();
      run();
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, []);
}

function isWriting(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLInputElement || target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement
  );
}

function isControl(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLButtonElement ||
    target instanceof HTMLAnchorElement ||
    (target instanceof HTMLElement && target.tagName === 'SUMMARY')
  );
}

/** Text that scrolls by itself keeps its arrow keys, and so do tabs. */
function isScrolled(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.closest('.detail') !== null || target.getAttribute('role') === 'tab');
}
