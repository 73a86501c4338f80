import type { AwsCredentialIdentityProvider, Logger, Pluggable } from '@smithy/types';
import { explainErrors } from './error.ts';
import { meterCalls } from './meter.ts';

/**
 * Where a client works: its region (default: the function's own), and for another account the role's credentials.
 * `maxAttempts`: how often it tries a call, where what was lost on the way must not be sent again unseen.
 */
export type Scope = { region?: string; credentials?: AwsCredentialIdentityProvider; maxAttempts?: number };

export type Client = { middlewareStack: { use: (plugin: never) => void } };
type Plugin = Pluggable<object, object>;
/** A plugin, or what makes one for a client that it wants to know: its region, its credentials. */
export type ClientPlugin = Plugin | ((client: unknown) => Plugin);
export type ClientConfig = {
  region?: string;
  credentials?: AwsCredentialIdentityProvider;
  maxAttempts?: number;
  logger?: Logger;
};

/** What every client of the product does on every call. The sample account adds itself here and answers in process. */
const plugins: ClientPlugin[] = [meterCalls, explainErrors];

/** Adds a plugin to all clients built from now on; returns what takes it out again. */
export function addClientPlugin(plugin: ClientPlugin): () => void {
  plugins.push(plugin);
  return () => void plugins.splice(plugins.indexOf(plugin), 1);
}

/**
 * Logs nothing, as the SDK's own does. But for one without `info` the SDK doesn't copy every question and answer, point by
 * point: a tenth of the time that a large fleet takes.
 */
const quiet = { debug: () => {}, warn: () => {}, error: () => {} } as unknown as Logger;

/** The one way to an SDK client: standard retries (exponential back-off with jitter), counted calls, told errors. */
export function createClient<C extends Client>(Type: new (config: ClientConfig) => C, scope: Scope = {}): C {
  const client = new Type({ maxAttempts: 5, logger: quiet, ...scope });
  for (const plugin of plugins) {
    const own = typeof plugin === 'function' ? plugin(client) : plugin;
    client.middlewareStack.use(own as never); // each client has input types of its own
  }
  return client;
}
