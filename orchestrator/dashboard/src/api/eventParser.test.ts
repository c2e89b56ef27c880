import { expect, it } from "vitest";
import { EventParser } from "./eventParser";

const TEXT =
  'id: 1-0\nevent: begin\ndata: {"a":1}\n\n: nothing new\n\nid: 2-0\nevent: state\ndata: {"b":\ndata: 2}\n\nid: 3-0\nevent: run\n';

it("an event is given once it is whole, wherever the text is cut", () => {
  const whole = new EventParser().push(TEXT);
  expect(whole).toEqual([
    { id: "1-0", event: "begin", data: '{"a":1}' },
    { id: "2-0", event: "state", data: '{"b":\n2}' },
  ]);
  for (let cut = 1; cut < TEXT.length; cut += 1) {
    const parser = new EventParser();
    expect([...parser.push(TEXT.slice(0, cut)), ...parser.push(TEXT.slice(cut))]).toEqual(whole);
  }
});

it("lines may end as any system ends them", () => {
  expect(new EventParser().push("id: 1-0\r\ndata: x\r\n\r\n")).toEqual([
    { id: "1-0", event: "message", data: "x" },
  ]);
});
