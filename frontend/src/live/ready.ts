import { useEffect, useState } from 'react';
import { rec, str } from '../oisp/event';

export interface Ready {
  readonly state: 'ready' | 'not-ready' | 'unknown';
  readonly reason: string;
}

const EVERY_MS = 2_000;

/** Whether capture is attached, asked again and again while shown. */
export function useReady(): Ready {
  const [ready, setReady] = useState<Ready>({ state: 'unknown', reason: '' });
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let gone = false;
    const ask = async () => {
      const answer = await askReady();
      if (gone) return;
      setReady((known) => (known.state === answer.state && known.reason === answer.reason ? known : answer));
      timer = setTimeout(() => void ask(), EVERY_MS);
    };
    void ask();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, []);
  return ready;
}

async function askReady(): Promise<Ready> {
  try {
    const response = await fetch('/api/ready');
    const reason = str(rec(await response.json()).reason) ?? 'the sensor gives no reason';
    return response.ok ? { state: 'ready', reason: '' } : { state: 'not-ready', reason };
  } catch {
    return { state: 'unknown', reason: '' };
  }
}
