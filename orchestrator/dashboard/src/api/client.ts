/** The one place that calls the HTTP API. */

import { type Called, fetchOrTake } from "./ahead";
import { ApiError, errorOf, Unreachable } from "./errors";
import type { paths } from "./schema.gen";

type Method = "get" | "put" | "post" | "delete";

type PathsOf<M extends Method> = {
  [P in keyof paths]: paths[P][M] extends { responses: unknown } ? P : never;
}[keyof paths];

type Content<Answers> = {
  [S in keyof Answers & (200 | 201 | 202)]: Answers[S] extends { content: { "application/json": infer B } }
    ? B
    : never;
}[keyof Answers & (200 | 201 | 202)];

type AnswerOf<Operation> = Operation extends { responses: infer Answers } ? Content<Answers> : never;

type Optional<Name extends string, T> = [T] extends [never]
  ? { [N in Name]?: never }
  : Record<string, never> extends T
    ? { [N in Name]?: T }
    : { [N in Name]: T };

type PathOf<O> = O extends { parameters: { path: infer P } } ? P : never;
type QueryOf<O> = O extends { parameters: { query?: infer Q } } ? Exclude<Q, undefined> : never;
type BodyOf<O> = O extends { requestBody: { content: { "application/json": infer B } } } ? B : never;

export type CallOptions<O> = Optional<"path", PathOf<O>> & {
  query?: QueryOf<O>;
  body?: BodyOf<O>;
  signal?: AbortSignal;
  headers?: Record<string, string>;
};

/** The options of any call: what may be in those of a certain one is its type's affair. */
interface RawOptions {
  path?: object;
  query?: unknown;
  body?: unknown;
  signal?: AbortSignal;
  headers?: Record<string, string>;
}

/** Put names and values into the address of a call; each is escaped, so that none can lead elsewhere. */
export function addressOf(path: string, names: object = {}, query: object = {}): string {
  const given = new Map<string, unknown>(Object.entries(names));
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(given.get(name))));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== "") search.append(name, String(one));
    }
  }
  return search.size > 0 ? `${filled}?${search}` : filled;
}

export class ApiClient {
  constructor(
    private readonly key: string,
    /** Called when the key is not, or no more, a good one. */
    private readonly onRefused: () => void = () => undefined,
    private readonly fetcher: typeof fetchOrTake = (address, init) => fetchOrTake(address, init),
  ) {}

  get<P extends PathsOf<"get">>(
    path: P,
    options: CallOptions<paths[P]["get"]>,
  ): Promise<AnswerOf<paths[P]["get"]>> {
    return this.call("get", path, options);
  }

  put<P extends PathsOf<"put">>(
    path: P,
    options: CallOptions<paths[P]["put"]>,
  ): Promise<AnswerOf<paths[P]["put"]>> {
    return this.call("put", path, options);
  }

  post<P extends PathsOf<"post">>(
    path: P,
    options: CallOptions<paths[P]["post"]>,
  ): Promise<AnswerOf<paths[P]["post"]>> {
    return this.call("post", path, options);
  }

  delete<P extends PathsOf<"delete">>(
    path: P,
    options: CallOptions<paths[P]["delete"]>,
  ): Promise<AnswerOf<paths[P]["delete"]>> {
    return this.call("delete", path, options);
  }

  /** Open a stream of server-sent events; null when nothing follows any more. */
  async stream(
    address: string,
    lastEventId: string,
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array> | null> {
    const headers: Record<string, string> = lastEventId ? { "last-event-id": lastEventId } : {};
    const answer = await this.send(address, { method: "GET", headers, signal });
    return answer.status === 204 ? null : answer.body;
  }

  private async call<T>(method: Method, path: string, options: RawOptions): Promise<T> {
    const init: RequestInit = { method: method.toUpperCase() };
    if (options.signal) init.signal = options.signal;
    const headers: Record<string, string> = { ...options.headers };
    if (options.body !== undefined) {
      init.body = JSON.stringify(options.body);
      headers["content-type"] = "application/json";
    }
    const answer = await this.send(addressOf(path, options.path, options.query ?? {}), { ...init, headers });
    return (await answer.json()) as T;
  }

  private async send(address: string, init: Called): Promise<Response> {
    let answer: Response;
    try {
      answer = await this.fetcher(address, { ...init, headers: { ...init.headers, "x-api-key": this.key } });
    } catch (fault) {
      if (init.signal?.aborted) throw fault;
      throw new Unreachable();
    }
    if (answer.ok) return answer;
    const error = await errorOf(answer);
    if (error instanceof ApiError && error.status === 401) this.onRefused();
    throw error;
  }
}
