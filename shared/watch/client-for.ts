import { type Client, type ClientConfig, createClient } from '../aws/client.ts';
import { scopeFor } from '../aws/sts.ts';
import type { Target } from '../target.ts';
import { targetKey } from './instance-clients.ts';

const built = new WeakMap<object, Map<string, Client>>();

/** The client of one service for a target, with its role's credentials; built when it is first needed, once a process. */
export function clientFor<C extends Client>(Type: new (config: ClientConfig) => C, target: Target): C {
  const ofType = built.get(Type) ?? new Map<string, Client>();
  built.set(Type, ofType);
  const key = targetKey(target);
  const client = (ofType.get(key) as C | undefined) ?? createClient(Type, scopeFor(target));
  ofType.set(key, client);
  return client;
}
