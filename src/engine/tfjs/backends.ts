/** A tfjs backend that is registered, by tfjs's name for it. */
export interface TfjsBackend {
  readonly name: string;
  /** What it runs on, as `Engine.device` says it. */
  readonly device: string;
  readonly threads: number;
}

/** The pure-JS backend, registered by tfjs itself: slow, the reference of all others. */
export const pureJs: TfjsBackend = { name: 'cpu', device: 'cpu', threads: 1 };
