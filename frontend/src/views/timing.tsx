import { duration } from '../format';

/** The time to the first token within the whole time. */
export function TimingBar({ latency, ttft }: { latency: number; ttft: number }) {
  const share = latency > 0 ? Math.min(100, Math.max(0, (ttft / latency) * 100)) : 0;
  const label = `First token after ${duration(ttft)} of ${duration(latency)}`;
  return (
    <span className="timing" role="img" aria-label={label} title={label}>
      <span className="timing-bar">
        <span className="timing-wait" style={{ width: `${share}%` }} />
      </span>
      <small>ttft {duration(ttft)}</small>
    </span>
  );
}
