/** An HTTP origin, and what its loader needs of the platform. */

export interface HttpOrigin {
  /** `http:` or `https:`, without query, fragment and credentials; a path always ends with `/`. */
  readonly baseUrl: URL
  /** Sent with every request. Nothing of a client's request is. */
  readonly headers: Readonly<Record<string, string>>
}

/** What is used of the platform. */
export interface HttpOriginParts {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  readonly now: () => number
  readonly warn: (message: string) => void
}
