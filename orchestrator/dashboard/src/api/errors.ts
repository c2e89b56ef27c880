/** What can come of a call besides its answer. */

/** The state manager answered with an error. */
export class ApiError extends Error {
  override name = "ApiError";

  constructor(
    readonly status: number,
    /** One sentence that names what is at fault. */
    readonly detail: string,
    /** The single faults, where there can be several. */
    readonly errors: readonly string[] = [],
    readonly requestId = "",
    /** When it may be tried again, in ms. */
    readonly retryAfterMs: number | null = null,
  ) {
    super(detail);
  }

  /** Whether the same call may well succeed a little later. */
  get passes(): boolean {
    return this.status === 503 || this.status === 429;
  }
}

/** No answer came: the network, or a state manager that restarts. */
export class Unreachable extends Error {
  override name = "Unreachable";

  constructor() {
    super("The state manager can't be reached");
  }
}

/** Whether a call that failed so is worth sending again. */
export function passes(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof ApiError && error.passes);
}

/** What people are told. */
export function told(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Read the body of an error answer, whatever it is. */
export async function errorOf(answer: Response): Promise<ApiError> {
  let detail = `The state manager answered ${answer.status} ${answer.statusText}`.trim();
  let errors: string[] = [];
  try {
    const body: unknown = await answer.json();
    if (typeof body === "object" && body !== null) {
      if ("detail" in body && typeof body.detail === "string") detail = body.detail;
      if ("errors" in body && Array.isArray(body.errors)) errors = body.errors.map(String);
    }
  } catch {
    // A proxy in between has answered: its page is not for people who look here.
  }
  const seconds = Number(answer.headers.get("retry-after") ?? "");
  return new ApiError(
    answer.status,
    detail,
    errors,
    answer.headers.get("x-exosphere-request-id") ?? "",
    seconds > 0 ? seconds * 1000 : null,
  );
}
