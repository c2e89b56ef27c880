/** Reads the text of server-sent events, however it is cut into pieces. */

export interface ServerSentEvent {
  id: string;
  event: string;
  data: string;
}

export class EventParser {
  private rest = "";

  /** Take the next piece of text; returns the events that it made whole. */
  push(piece: string): ServerSentEvent[] {
    const events: ServerSentEvent[] = [];
    const blocks = (this.rest + piece).replace(/\r\n?/g, "\n").split("\n\n");
    this.rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const event = { id: "", event: "message", data: "" };
      const data: string[] = [];
      for (const line of block.split("\n")) {
        const [, field, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
        if (field === "data") data.push(value ?? "");
        else if (field === "id" || field === "event") event[field] = value ?? "";
      }
      event.data = data.join("\n");
      if (data.length > 0) events.push(event);
    }
    return events;
  }
}
