import { isIP } from 'node:net';
import { ConfigError } from '../../../support/errors.js';

/** A Redis server, and how to log in to it. */
export interface Address {
  /** `host:port`, and `/n` for another database than 0: what messages say. User and password are in no message. */
  readonly shown: string;
  readonly options: {
    readonly host: string;
    readonly port: number;
    readonly db: number;
    readonly username?: string;
    readonly password?: string;
    /** An IP address is no name of a server. */
    readonly tls?: { readonly servername?: string };
  };
}

/** User and password of the queue, where its address has none. */
export const [userVariable, passwordVariable] = ['PLE_QUEUE_USERNAME', 'PLE_QUEUE_PASSWORD'];

/**
 * @param on `redis://[user:password@]host[:port][/database]`; `rediss://` with TLS.
 * @throws ConfigError for a user or password that is not URL-encoded.
 */
export function addressOf(on: string, environment: NodeJS.ProcessEnv): Address {
  const { protocol, hostname, port, pathname, username, password } = new URL(on);
  const host = hostname.replace(/^\[(.*)\]$/, '$1'); // IPv6
  const database = Number(pathname.slice(1));
  const shown = `${hostname}:${port || 6379}${database === 0 ? '' : `/${database}`}`;
  const user = decoded(username, shown) || environment[userVariable];
  const secret = decoded(password, shown) || environment[passwordVariable];
  return {
    shown,
    options: {
      host,
      port: Number(port || 6379),
      db: database,
      ...(user ? { username: user } : {}),
      ...(secret ? { password: secret } : {}),
      ...(protocol === 'rediss:' ? { tls: isIP(host) === 0 ? { servername: host } : {} } : {}),
    },
  };
}

function decoded(text: string, shown: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ConfigError(`The user and the password of the queue at ${shown} must be URL-encoded (% is %25).`);
  }
}
