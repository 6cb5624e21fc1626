import { useReady } from '../live/ready';
import { CopyButton } from '../ui/copy';
import { SILENT, type Reach } from './absence';

const CURL = `curl https://api.openai.com/v1/chat/completions \\
  -H "Authorization: Bearer $OPENAI_API_KEY" -H "Content-Type: application/json" \\
  -d '{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Say hello."}]}'`;

/** Before the first call: whether capture is on, and how to make one. */
export function EmptyState({ loaded, silent }: Reach) {
  const ready = useReady();
  return (
    <div className="empty">
      <h1>{silent ? 'The sensor does not answer' : loaded ? 'No AI call yet' : 'Looking for the sensor…'}</h1>
      <p className={`ready ready-${ready.state}`} role="status">
        <span className="feed-dot" aria-hidden="true" />
        {ready.state === 'ready' && 'Capture is on. The next call of a program on this machine appears here.'}
        {ready.state === 'not-ready' && `Capture is not on yet: ${ready.reason}`}
        {ready.state === 'unknown' && SILENT}
      </p>
      <h2>Make a first call</h2>
      <p>Use any AI program as you always do, or run this in a terminal:</p>
      <div className="command">
        <pre tabIndex={0}>{CURL}</pre>
        <CopyButton text={() => CURL} />
      </div>
      <p className="muted">
        Without a key it works too: the refusal is a call as well. If a program does not show up,{' '}
        <a href="#/capture">Capture</a> tells why.
      </p>
    </div>
  );
}
