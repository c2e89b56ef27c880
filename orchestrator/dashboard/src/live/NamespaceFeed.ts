/** One stream of a namespace's events, shared by all that listen; it is open only while somebody does. */

import type { Stream } from "../api/follow";
import type { FiguresEvent, NamespaceEvent } from "../api/watchNamespace";

export interface FeedState {
  stream: Stream;
  /** Why the stream was refused. */
  problem: string;
  /** The newest figures; null before any were told, which is so where nothing goes on. */
  figures: FiguresEvent | null;
}

export interface Opened {
  signal: AbortSignal;
  onEvent(event: NamespaceEvent): void;
  onStream(stream: Stream, problem: string): void;
}

/** From page to page the stream stays open. */
const LINGER_MS = 3000;
/** A browser has few connections to one server: a tab that nobody looks at gives its own back. */
const HIDDEN_MS = 30_000;
const CLOSED: FeedState = { stream: "opening", problem: "", figures: null };

export class NamespaceFeed {
  private current: FeedState = CLOSED;
  private readonly drawers = new Set<() => void>();
  private readonly hearers = new Set<(event: NamespaceEvent) => void>();
  private opened: AbortController | null = null;
  private closing: ReturnType<typeof setTimeout> | undefined;
  private visible = true;

  constructor(private readonly open: (opened: Opened) => void) {}

  readonly state = (): FeedState => this.current;

  /** Call a listener after each change of the state. Returns what ends that. */
  readonly subscribe = (drawer: () => void): (() => void) => {
    this.drawers.add(drawer);
    this.settle();
    return () => {
      this.drawers.delete(drawer);
      this.settle();
    };
  };

  /** Call a listener with each event, for as long as somebody has subscribed. Returns what ends that. */
  hear(hearer: (event: NamespaceEvent) => void): () => void {
    this.hearers.add(hearer);
    return () => void this.hearers.delete(hearer);
  }

  /** Say whether the tab can be seen. */
  show(visible: boolean): void {
    this.visible = visible;
    this.settle();
  }

  private settle(): void {
    clearTimeout(this.closing);
    if (this.drawers.size > 0 && this.visible) this.begin();
    else if (this.opened) this.closing = setTimeout(() => this.end(), this.visible ? LINGER_MS : HIDDEN_MS);
  }

  private begin(): void {
    if (this.opened) return;
    const opened = new AbortController();
    this.opened = opened;
    this.open({
      signal: opened.signal,
      onEvent: (event) => {
        if (opened.signal.aborted) return;
        if (event.event === "figures") this.change({ figures: event });
        else if (event.event === "begin") this.change({ figures: null });
        for (const hearer of this.hearers) hearer(event);
      },
      onStream: (stream, problem) => {
        if (!opened.signal.aborted) this.change({ stream, problem });
      },
    });
  }

  private end(): void {
    this.opened?.abort();
    this.opened = null;
    this.change(CLOSED);
  }

  private change(what: Partial<FeedState>): void {
    this.current = { ...this.current, ...what };
    for (const drawer of this.drawers) drawer();
  }
}
