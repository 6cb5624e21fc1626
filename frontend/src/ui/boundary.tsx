import { Component, type ReactNode } from 'react';

/** Keeps the rest of the page when a view fails over an event of odd shape. */
export class Boundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return (
      <div className="empty" role="alert">
        <h1>This view failed</h1>
        <p>{this.state.error.message}</p>
        <p>
          The events themselves are unharmed: <a href="/api/events">/api/events</a>.
        </p>
        <p>
          <button type="button" className="button" onClick={() => this.setState({ error: null })}>
            Try again
          </button>
        </p>
      </div>
    );
  }
}
