import { type Alert, type Severity, severities } from './alert.ts';

/** How a destination is reached; `secret` names where the address of a webhook lies. Without ARN: the stack's own topic. */
type Way = { by: 'bot'; channel: string } | { by: 'webhook'; secret: string } | { by: 'topic'; arn?: string };

/** A place where people read alerts. */
export type Destination = {
  name: string;
  way: Way;
  /** The name of the one that takes over what this one can't take. */
  fallback?: string;
  quietHours?: string;
  /** More in an hour are folded into one summary. */
  messagesPerHour: number;
};

type OneOrMore<Value> = Value | readonly Value[];

/** Who gets what: an alert fits where it fits all that is named. */
type Route = {
  team?: OneOrMore<string> | undefined;
  owner?: OneOrMore<string> | undefined;
  account?: OneOrMore<string> | undefined;
  kind?: OneOrMore<Alert['kind']> | undefined;
  severity?: OneOrMore<Severity> | undefined;
  to: readonly string[];
};

/** The part of the configuration that says where alerts go. */
export type AlertPolicy = {
  slack?: { channel?: string | undefined; webhook?: string | undefined } | undefined;
  email: boolean;
  destinations: Readonly<
    Record<
      string,
      {
        slack?: string | undefined;
        webhook?: string | undefined;
        topic?: string | undefined;
        fallback?: string | undefined;
        quietHours?: string | undefined;
        messagesPerHour?: number | undefined;
      }
    >
  >;
  routes: readonly Route[];
  default?: readonly string[] | undefined;
  quietHours?: string | undefined;
  messagesPerHour: number;
};

/** Every destination by its name: `slack` and `email`, as far as they are set up, and those that have a name of their own. */
export function destinationsOf(policy: AlertPolicy): Map<string, Destination> {
  const { slack, email, destinations, quietHours, messagesPerHour } = policy;
  const ways: [string, Way][] = [
    ...(slack?.channel ? [['slack', { by: 'bot', channel: slack.channel }] as [string, Way]] : []),
    ...(slack?.webhook ? [['slack', { by: 'webhook', secret: slack.webhook }] as [string, Way]] : []),
    ...(email ? [['email', { by: 'topic' }] as [string, Way]] : []),
    ...Object.entries(destinations).flatMap(([name, given]): [string, Way][] => {
      const way = wayOf(given);
      return way ? [[name, way]] : [];
    }),
  ];
  const names = ways.map(([name]) => name);
  return new Map(
    ways.map(([name, way]) => {
      const own = destinations[name];
      const fallback = own?.fallback ?? otherThan(name, way, names);
      const quiet = own?.quietHours ?? quietHours;
      const destination: Destination = {
        name,
        way,
        messagesPerHour: own?.messagesPerHour ?? messagesPerHour,
        ...(fallback && { fallback }),
        ...(quiet && { quietHours: quiet }),
      };
      return [name, destination];
    }),
  );
}

function wayOf({ slack, webhook, topic }: AlertPolicy['destinations'][string]): Way | undefined {
  if (slack) return { by: 'bot', channel: slack };
  if (webhook) return { by: 'webhook', secret: webhook };
  return topic ? { by: 'topic', arn: topic } : undefined;
}

/** What can't go by Slack goes by mail, and what can't go by mail by Slack: one of the two being down, the other isn't. */
function otherThan(name: string, way: Way, names: readonly string[]): string | undefined {
  const other = way.by === 'topic' ? 'slack' : 'email';
  return other !== name && names.includes(other) ? other : undefined;
}

/**
 * Where an alert goes: to the destinations that it names itself, else to those of all routes that it fits, else to the
 * default ones. Each once, in the order of the configuration.
 */
export function routeAlert(
  alert: Alert,
  policy: AlertPolicy,
  known: ReadonlyMap<string, Destination> = destinationsOf(policy),
): Destination[] {
  const routed = policy.routes.filter((route) => isFor(alert, route)).flatMap(({ to }) => to);
  const usual = policy.default ?? ['slack', 'email'];
  const names = alert.to ?? (routed.length > 0 ? routed : usual);
  const wanted = new Set(names);
  const found = [...known.values()].filter(({ name }) => wanted.has(name));
  // What names nothing that is there, after the configuration has changed, goes where everything goes.
  return found.length > 0 || names === usual
    ? found
    : [...known.values()].filter(({ name }) => usual.includes(name));
}

/**
 * Where else an alert would go if it were worse, or less bad: what has told there that a problem opened is to tell there,
 * too, that it is over, or that somebody looks at it.
 */
export function routedAtOtherSeverity(
  alert: Alert,
  policy: AlertPolicy,
  known: ReadonlyMap<string, Destination> = destinationsOf(policy),
): Destination[] {
  if (alert.to !== undefined || policy.routes.every(({ severity: one }) => one === undefined)) return [];
  const now = routeAlert(alert, policy, known);
  const others = severities.flatMap((severity) => routeAlert({ ...alert, severity }, policy, known));
  return [...new Set(others)].filter((destination) => !now.includes(destination));
}

const isFor = (alert: Alert, { team, owner, account, kind, severity }: Route): boolean =>
  fits(team, alert.team) &&
  fits(owner, alert.owner) &&
  fits(account, alert.account) &&
  fits(kind, alert.kind) &&
  fits(severity, alert.severity);

/** Tags are written in whatever case. */
function fits(wanted: OneOrMore<string> | undefined, value: string | undefined): boolean {
  if (wanted === undefined) return true;
  if (value === undefined) return false;
  const all = typeof wanted === 'string' ? [wanted] : wanted;
  return all.some((one) => one.toLowerCase() === value.trim().toLowerCase());
}
