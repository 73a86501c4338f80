import { readFileSync } from 'node:fs';
import { closest, distance } from 'fastest-levenshtein';
import { z } from 'zod';
import { alertKinds, severities } from './alert/alert.ts';
import { buttonNames } from './alert/button.ts';
import { quietHoursFault } from './alert/quiet-hours.ts';
import { custodianZoneFault } from './schedule/custodian.ts';
import { parseHolidayDate } from './schedule/holidays.ts';
import { scheduleNameFault } from './schedule/schedule-name.ts';
import { timeZoneFault } from './schedule/zone.ts';

const account = z
  .string('expected a 12-digit account id, in quotes')
  .regex(/^\d{12}$/, 'expected a 12-digit account id');
const region = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'expected a region such as eu-west-1');
const usd = z.number().nonnegative();
const tagKey = z.string().min(1).max(128);
const tagKeys = z.array(tagKey);
const minutes = z.number().int().nonnegative();
const share = z.number().gt(0).max(1);
/** A secret is only ever named: an SSM parameter, or a Secrets Manager secret. */
const secret = z.string().regex(/^(ssm:\/?|secretsmanager:).+$/, 'expected ssm:/path or secretsmanager:name');
const timeZone = z.string().superRefine(faultOf(timeZoneFault));

const tags = z.strictObject({
  schedule: tagKey
    .default('auto-stop')
    .meta({ description: 'Opts an instance in; its value says when it may run.' }),
  keepUntil: tagKey
    .default('auto-stop:keep-until')
    .meta({ description: 'Until then the instance is not touched.' }),
  instanceStore: tagKey.default('auto-stop:instance-store').meta({
    description: 'The value "discard" allows a stop that loses the data on instance-store volumes.',
  }),
  owner: tagKeys
    .default(['owner'])
    .meta({ description: 'Who is told; the first key that is set wins, in every list of keys.' }),
  team: tagKeys.default(['team']).meta({ description: 'Told where no owner is tagged.' }),
  project: tagKeys.default(['project']).meta({ description: 'What the cost is attributed to.' }),
  model: tagKeys.default(['model']).meta({ description: 'What the cost is attributed to.' }),
  environment: tagKeys
    .default(['environment', 'env', 'stage'])
    .meta({ description: 'Compared with protect.environments.' }),
  workload: tagKeys.default(['workload']).meta({ description: 'What kind of work it does.' }),
  checkpoint: tagKeys.default(['checkpoint', 'checkpoints']).meta({
    description: 'Says that a spot instance saves its work: the place where, or "true".',
  }),
});

const targets = z.strictObject({
  regions: z
    .array(region)
    .default([])
    .meta({ description: 'Regions to watch. Empty: the one it is deployed in.' }),
  accounts: z
    .array(
      z.strictObject({ id: account, name: z.string().min(1).optional(), role: z.string().min(1).optional() }),
    )
    .default([])
    .meta({ description: 'Accounts to watch, each with the role to assume there. Empty: its own account.' }),
});

const protect = z.strictObject({
  environments: z
    .array(z.string())
    .default(['production', 'prod', 'prd', 'live'])
    .meta({ description: 'Values of the environment tag that are never stopped, whatever else a tag says.' }),
  accounts: z.array(account).default([]).meta({ description: 'Accounts in which nothing is ever stopped.' }),
});

/** The part of the spend that an entry is about: by these, and by any other dimension the spend is read by. */
const scope = {
  account: account.optional(),
  service: z.string().min(1).optional(),
  region: z.string().min(1).optional(), // the bill knows "global" too
  usageType: z.string().min(1).optional(),
};

const shareFault = 'expected a percentage such as "40%", or a share up to 10 such as 0.4';
const planned = withDimensions({
  name: z.string().min(1),
  from: z.iso.date(),
  to: z.iso.date(),
  upTo: z.union(
    [z.string().regex(/^\+?\d+(\.\d+)?\s*%$/, shareFault), z.number().min(0, shareFault).max(10, shareFault)],
    shareFault,
  ),
  ...scope,
}).refine(({ from, to }) => from <= to, { path: ['to'], error: 'is before "from"' });

const floorOfPart = withDimensions({ floor: usd, ...scope }).refine(
  (entry) => Object.keys(entry).length > 1,
  'names no part of the spend; spend.floor is for all of it',
);

const budget = withDimensions({ name: z.string().min(1), monthly: usd.positive(), ...scope });

const spend = z.strictObject({
  historyDays: z
    .number()
    .int()
    .min(28)
    .max(396)
    .default(180)
    .meta({ description: 'Days fetched on the first run.' }),
  floor: usd.default(25).meta({ description: 'Dollars a day: a smaller excess is noise, however unusual.' }),
  sensitivity: z
    .enum(['quiet', 'balanced', 'eager'])
    .default('balanced')
    .meta({ description: 'How unusual a day must be; the floor holds all the same.' }),
  dailyRequestCap: z
    .number()
    .int()
    .min(2)
    .default(24)
    .meta({ description: 'Cost Explorer requests a day, $0.01 each.' }),
  seasons: z
    .array(z.enum(['black-friday', 'christmas']))
    .default(['black-friday', 'christmas'])
    .meta({
      description:
        'Known seasons, in which what follows its users may reach 2.25 times the expected; `[]`: none.',
    }),
  planned: z.array(planned).default([]).meta({
    description:
      'What is known to come: `name`, `from`, `to` (inclusive), `upTo` (e.g. 40%), and which part of the spend.',
  }),
  floors: z.array(floorOfPart).default([]).meta({
    description:
      'Other floors for parts of the spend: `floor`, and `account`, `service` or any dimension. The most specific wins.',
  }),
  tags: tagKeys.default([]).meta({
    description:
      'Cost allocation tags by which spend is followed too; each is one request a day, $0.30 a month.',
  }),
  usageTypes: z.boolean().default(false).meta({
    description: 'Follow each usage type of a service too: one request a day, $0.30 a month.',
  }),
  resources: z.boolean().default(false).meta({
    description:
      'Resource-level data is enabled in Cost Explorer, so that what explains an incident names resources: one request an incident, $0.01.',
  }),
});

const idle = z.strictObject({
  window: minutes
    .min(15)
    .default(180)
    .meta({ description: 'Minutes without work before an accelerator is told as idle.' }),
  gpuPercent: z
    .number()
    .min(0)
    .max(100)
    .default(3)
    .meta({ description: 'Utilisation up to which a device counts as silent.' }),
  memoryPercent: z.number().min(0).max(100).default(10).meta({
    description: 'Device memory held above this share means loaded, and so not idle before loadedWindow.',
  }),
  loadedWindow: minutes.min(60).default(1440).meta({
    description:
      'Minutes without work before an accelerator that holds memory, or does not report it, is idle too.',
  }),
  standby: z.array(z.string()).default(['standby', 'serving']).meta({
    description:
      'Values of the workload tag of what may hold its memory for good, a warm standby for example.',
  }),
  powerWatts: z
    .number()
    .positive()
    .default(150)
    .meta({ description: 'A device that draws more is at work, whatever else it reports.' }),
  cpuPercent: z.number().min(0).max(100).default(5).meta({
    description:
      'CPU up to which an instance without accelerator counts as silent; above, an accelerator one counts as busy.',
  }),
  networkBytesPerSecond: z
    .number()
    .nonnegative()
    .default(50_000)
    .meta({ description: 'The same for network traffic, per direction.' }),
  coverage: share
    .default(0.9)
    .meta({ description: 'Share of the window that must have data, else unknown.' }),
});

const hours = z.number().positive();

const utilization = z.strictObject({
  namespaces: z
    .array(z.string().min(1).max(255))
    .default(['CWAgent', 'ContainerInsights', 'ECS/ContainerInsights', 'GPUMonitoring'])
    .meta({
      description:
        'CloudWatch namespaces in which GPUs and Neuron cores report; add the one that your DCGM exporter or agent writes to.',
    }),
  floor: usd.default(20).meta({
    description: 'Dollars a month: what wastes less is listed, and nobody is told.',
  }),
  underuse: z
    .strictObject({
      days: z.number().int().min(1).max(14).default(7).meta({ description: 'Days to judge by.' }),
      hours: hours
        .default(24)
        .meta({ description: 'Hours it must have run in those days, else it is too early to say.' }),
      percent: z.number().gt(0).max(100).default(30).meta({
        description: 'A device whose 95th percentile stays below this utilisation is underused.',
      }),
      memoryPercent: z.number().gt(0).max(100).default(40).meta({
        description: 'Device memory used below this share leaves room for larger batches.',
      }),
    })
    .prefault({}),
  endpoints: z
    .strictObject({
      window: minutes
        .min(60)
        .default(1440)
        .meta({ description: 'Minutes without invocation before an endpoint is told as idle.' }),
    })
    .prefault({}),
  notebooks: z
    .strictObject({
      window: minutes
        .min(60)
        .default(720)
        .meta({ description: 'The same for notebook instances and Studio apps, without activity.' }),
    })
    .prefault({}),
  jobs: z
    .strictObject({
      maxHours: hours.default(72).meta({ description: 'A job that runs longer is told.' }),
      teams: z
        .record(z.string().min(1), hours)
        .default({})
        .meta({ description: 'Other limits in hours, by the value of the team tag.' }),
      startingMinutes: minutes
        .min(5)
        .default(60)
        .meta({ description: 'Minutes after which a job that has not begun to work is stuck.' }),
      failedCost: usd
        .default(20)
        .meta({ description: 'Dollars from which a failed job is told: a checkpoint would have kept them.' }),
      duplicateDays: z.number().int().min(0).max(30).default(7).meta({
        description: 'Days within which the same image, hyper-parameters and data are a duplicate; 0: never.',
      }),
    })
    .prefault({}),
  tokens: z
    .strictObject({
      perDay: z.number().nonnegative().default(5_000_000).meta({
        description: 'Input tokens a day and model from which prompts are worth caching.',
      }),
      cachedShare: z.number().min(0).max(1).default(0.1).meta({
        description: 'Share of the input tokens read from the cache below which it is told.',
      }),
    })
    .prefault({}),
});

const holidayDate = z.string().superRefine((text, context) => {
  try {
    parseHolidayDate(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
  }
});

/** Holidays, with what their file says once it is read: the packaged configuration holds it, and Lambda reads no file. */
const holidays = z
  .strictObject({
    dates: z.array(holidayDate).default([]),
    file: z.string().min(1).optional(),
    calendar: z.strictObject({ through: z.iso.date(), days: z.record(z.iso.date(), z.string()) }).optional(),
  })
  .refine(({ dates, file }) => dates.length > 0 || file !== undefined, 'names neither dates nor a file');

const texts = z.array(z.string().min(1));

/** What Instance Scheduler's table holds, by its own names. */
export const instanceSchedulerDefinitions = z.strictObject({
  schedules: z.record(
    z.string(),
    z.strictObject({
      periods: texts.default([]),
      timezone: z.string().optional(),
      override_status: z.enum(['running', 'stopped']).optional(),
      stop_new_instances: z.boolean().optional(),
      enforced: z.boolean().optional(),
      hibernate: z.boolean().optional(),
      retain_running: z.boolean().optional(),
      use_maintenance_window: z.boolean().optional(),
      ssm_maintenance_window: texts.optional(),
    }),
  ),
  periods: z.record(
    z.string(),
    z.strictObject({
      begintime: z.string().optional(),
      endtime: z.string().optional(),
      weekdays: texts.optional(),
      monthdays: texts.optional(),
      months: texts.optional(),
    }),
  ),
});

const carriedOut = {
  always: z.boolean().default(false).meta({
    description: 'true: stopped out of hours even when busy, as it does itself.',
  }),
  start: z.boolean().default(true).meta({
    description: 'Started when the hours begin, as it does itself; false: only stopped.',
  }),
};

const hour = z.number().int().min(0).max(23);

const compatibility = z.strictObject({
  instanceScheduler: z
    .strictObject({
      tag: tagKey.default('Schedule').meta({ description: "The key of AWS Instance Scheduler's tag." }),
      file: z.string().min(1).optional().meta({
        description: 'Its schedules and periods: an export of its DynamoDB table, or YAML.',
      }),
      definitions: instanceSchedulerDefinitions.optional().meta({
        description: 'The same, written here. Packaging fills it in from the file.',
      }),
      timeZone: timeZone
        .optional()
        .meta({ description: 'The zone of its schedules that name none; absent: `timeZone`.' }),
      ...carriedOut,
    })
    .refine(
      (policy) => policy.file !== undefined || policy.definitions !== undefined,
      'names neither a file nor definitions',
    )
    .optional(),
  custodian: z
    .strictObject({
      tag: tagKey
        .default('maid_offhours')
        .meta({ description: "The key of Cloud Custodian's off-hours tag, in whatever case." }),
      timeZone: z
        .string()
        .superRefine(faultOf(custodianZoneFault))
        .default('et')
        .meta({ description: 'Its default_tz: an alias such as et, or an IANA zone.' }),
      onhour: hour.default(7).meta({ description: 'The hour of its onhour policy.' }),
      offhour: hour.default(19).meta({ description: 'The hour of its offhour policy.' }),
      weekends: z.boolean().default(true).meta({ description: 'Its weekends: off at the weekend.' }),
      weekendsOnly: z
        .boolean()
        .default(false)
        .meta({ description: 'Its weekends-only: off at the weekend alone.' }),
      skipDays: z
        .array(z.iso.date())
        .default([])
        .meta({ description: 'Its skip-days: dates on which it neither starts nor stops.' }),
      ...carriedOut,
    })
    .optional(),
});

const stop = z.strictObject({
  grace: minutes.default(15).meta({ description: 'Minutes between the warning and the stop.' }),
  idle: minutes
    .min(15)
    .default(45)
    .meta({ description: 'Minutes without work before an instance may be stopped.' }),
  maxStops: z
    .number()
    .int()
    .positive()
    .default(50)
    .meta({ description: 'Breaker: more in one target and run stops none.' }),
  maxSweepStops: z
    .number()
    .int()
    .positive()
    .default(500)
    .meta({ description: 'Breaker: more in all targets together stops none in any.' }),
  maxShare: share.default(0.9).meta({
    description:
      'Breaker: a larger share of the running instances of a target, or of all of them, stops none, from 20 stops on.',
  }),
  eventMaxAge: minutes
    .min(1)
    .default(15)
    .meta({ description: 'Minutes after which a schedule event is discarded.' }),
  chunkSize: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .default(100)
    .meta({ description: 'Instances in one call to stop or start them.' }),
  callsPerSecond: z.number().positive().optional().meta({
    description:
      'Calls a second to stop, and to start, in an account and region; what AWS publishes: 5 and 2.',
  }),
  burst: z.number().int().positive().optional().meta({
    description: 'How many of them at once before that; what AWS publishes: 50 and 5.',
  }),
  hibernateFallback: z.boolean().default(true).meta({
    description: 'What is to hibernate and cannot is stopped; false: it is left running, and told.',
  }),
});

const launches = z.strictObject({
  hourlyRate: usd.default(10).meta({ description: 'Dollars an hour from which every launch is told.' }),
  hourlyRateWithoutOwner: usd
    .default(1)
    .meta({ description: 'Dollars an hour from which a launch without owner is told.' }),
});

const destinationName = z.string().regex(/^[a-z][\w-]*$/i, 'expected a name such as ml-platform');
const destinationNames = z.array(z.string().min(1)).min(1);
const channel = z
  .string()
  .regex(
    /^([CG][A-Z0-9]{8,}|#[^\s#@,.A-Z]{1,80})$/,
    'expected the id of a channel such as C0123456789, or its name such as #ml-cost',
  );
const topic = z
  .string()
  .regex(/^arn:aws[\w-]*:sns:[a-z0-9-]+:\d{12}:[\w-]+(\.fifo)?$/, 'expected the ARN of an SNS topic');
const messagesPerHour = z.number().int().min(1);
/** A user or a user group of Slack. */
const slackId = z
  .string()
  .regex(/^[USW][A-Z0-9]{5,}$/, 'expected the id of a user (U...) or a user group (S...)');

const slack = z
  .strictObject({
    token: secret.optional().meta({
      description: 'Where the bot token (xoxb-...) lies: messages are updated, and have threads and buttons.',
    }),
    channel: channel
      .optional()
      .meta({ description: 'With a token: where everything goes that no route sends elsewhere.' }),
    signingSecret: secret.optional().meta({
      description: "Where the app's signing secret lies: without it there are no buttons.",
    }),
    webhook: secret.optional().meta({
      description:
        'Instead of a token: where the webhook of a channel lies. Its messages are never updated, and have no buttons.',
    }),
    allow: z.partialRecord(z.enum(buttonNames), z.array(slackId)).default({}).meta({
      description:
        'Who may press a button, by its name: ids of users and user groups. Whoever reads it may, where nobody is named.',
    }),
  })
  .superRefine(({ token, channel: where, webhook, signingSecret }, context) => {
    const fault = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    if ((token === undefined) === (webhook === undefined))
      fault('token', 'name a token or a webhook, one of both');
    if (token !== undefined && where === undefined) fault('channel', 'a token needs a channel');
    if (token === undefined && where !== undefined) fault('channel', 'only a token can choose a channel');
    if (token === undefined && signingSecret !== undefined)
      fault('signingSecret', 'only a token brings buttons');
  });

const quietHours = z.string().min(1);

const destination = z
  .strictObject({
    slack: channel.optional(),
    webhook: secret.optional(),
    topic: topic.optional(),
    fallback: z.string().min(1).optional(),
    quietHours: quietHours.optional(),
    messagesPerHour: messagesPerHour.optional(),
  })
  .refine(
    (one) => [one.slack, one.webhook, one.topic].filter((way) => way !== undefined).length === 1,
    'names exactly one of slack, webhook and topic',
  );

const oneOrMore = <Value extends z.ZodType>(value: Value) => z.union([value, z.array(value).min(1)]);
const oneOrMoreOf = <const Names extends readonly string[]>(names: Names) =>
  z.union([z.enum(names), z.array(z.enum(names)).min(1)], {
    error: ({ input }) => {
      const unknown = [input].flat().find((one) => !names.includes(String(one)));
      if (typeof unknown !== 'string') return `expected one or more of ${names.join(', ')}`;
      return `unknown "${unknown}"${suggestion(unknown, names)}`;
    },
  });
const name = z.string().min(1);

const route = z.strictObject({
  team: oneOrMore(name).optional(),
  owner: oneOrMore(name).optional(),
  account: oneOrMore(account).optional(),
  kind: oneOrMoreOf(alertKinds).optional(),
  severity: oneOrMoreOf(severities).optional(),
  to: destinationNames,
});

/** Days as schedules write them. */
const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;

const mailAddress = z.email('expected an address such as watchdog@example.com');

const digests = z.strictObject({
  daily: z.boolean().default(false).meta({ description: 'Three lines on yesterday, every day.' }),
  weekly: z
    .boolean()
    .default(true)
    .meta({ description: 'The last seven complete days, once a week on `weekday`.' }),
  monthly: z
    .boolean()
    .default(true)
    .meta({ description: 'The last calendar month, on the 3rd, when its last day is complete.' }),
  hour: hour.default(9).meta({ description: 'From this hour on, in `timeZone`.' }),
  weekday: z.enum(weekdays).default('Mon').meta({ description: 'The day of the weekly digest.' }),
  teams: z.boolean().default(true).meta({
    description: 'Each team that has a route of its own gets its own digest, besides the one for the whole.',
  }),
  to: destinationNames.optional().meta({
    description: 'Destinations of the digest for the whole; absent: the default route.',
  }),
  html: z
    .strictObject({ from: mailAddress, to: z.array(mailAddress).min(1).max(50) })
    .optional()
    .meta({
      description: 'The digest for the whole also as HTML mail by SES: `from`, a verified address, and `to`.',
    }),
});

const alerts = z
  .strictObject({
    slack: slack.optional(),
    email: z.boolean().default(true).meta({ description: 'Publish to the SNS topic of the stack.' }),
    destinations: z.record(destinationName, destination).default({}).meta({
      description:
        'Other places by name, each a `slack` channel, a `webhook` (a secret) or an SNS `topic`, with its own `fallback`, `quietHours` and `messagesPerHour`.',
    }),
    routes: z.array(route).default([]).meta({
      description:
        'Who gets what: `team`, `owner`, `account`, `kind`, `severity`, each one or several, and `to`, names of destinations. All that fit count.',
    }),
    default: destinationNames.optional().meta({
      description: 'Where goes what no route fits; absent: `slack` and `email`, as far as they are set up.',
    }),
    quietHours: quietHours.optional().meta({
      description:
        'When only what is critical is told, e.g. Mon-Sun 19:00-08:00, Sat-Sun 00:00-24:00; the rest follows in one summary. Warnings of stops are never held back.',
    }),
    messagesPerHour: messagesPerHour.default(20).meta({
      description: 'What a destination gets beyond it in an hour is folded into one summary.',
    }),
    escalation: z
      .strictObject({
        hours: z.number().positive().default(4).meta({
          description: 'Hours after which a problem is told again that nobody acknowledged.',
        }),
        severity: z.enum(severities).default('critical').meta({ description: 'From which severity on.' }),
        to: destinationNames.optional().meta({ description: 'Where to; absent: where it was told.' }),
      })
      .optional()
      .meta({ description: 'Whom to tell when nobody acknowledges: `hours`, `severity`, `to`.' }),
    digests: digests.prefault({}),
    selfTest: z.enum(['never', 'weekly']).default('never').meta({
      description: 'weekly: a test message to every destination, at the hour of the weekly digest.',
    }),
  })
  .superRefine((given, context) => {
    const known = destinationNamesOf(given);
    const named: [path: PropertyKey[], to: readonly string[]][] = [
      ...given.routes.map(({ to }, index): [PropertyKey[], string[]] => [['routes', index, 'to'], to]),
      [['default'], given.default ?? []],
      [['escalation', 'to'], given.escalation?.to ?? []],
      [['digests', 'to'], given.digests.to ?? []],
      ...Object.entries(given.destinations).map(([own, { fallback }]): [PropertyKey[], string[]] => [
        ['destinations', own, 'fallback'],
        fallback === undefined ? [] : [fallback],
      ]),
    ];
    for (const [path, to] of named) {
      for (const unknown of to.filter((one) => !known.includes(one))) {
        const message = `unknown destination "${unknown}"${suggestion(unknown, known)}`;
        context.addIssue({ code: 'custom', path, message });
      }
    }
    for (const own of Object.keys(given.destinations).filter((one) => ['slack', 'email'].includes(one))) {
      context.addIssue({ code: 'custom', path: ['destinations', own], message: 'is a name of its own' });
    }
    if (given.slack?.token === undefined) {
      for (const [own, { slack: where }] of Object.entries(given.destinations)) {
        const message = 'a channel needs a bot: set alerts.slack.token';
        if (where !== undefined)
          context.addIssue({ code: 'custom', path: ['destinations', own, 'slack'], message });
      }
    }
  });

/** The names that a route may send to. */
export const destinationNamesOf = (given: {
  slack?: unknown;
  email: boolean;
  destinations: Readonly<Record<string, unknown>>;
}): string[] => [
  ...(given.slack === undefined ? [] : ['slack']),
  ...(given.email ? ['email'] : []),
  ...Object.keys(given.destinations),
];

export const configSchema = z
  .strictObject({
    enforce: z
      .boolean()
      .default(false)
      .meta({ description: 'false: observe. Nothing is stopped, started or tagged.' }),
    timeZone: timeZone.default('UTC').meta({ description: 'The zone of schedules that name none.' }),
    targets: targets.prefault({}),
    tags: tags.prefault({}),
    schedules: z
      .record(z.string().regex(/^[a-z][\w-]*$/i), z.string())
      .superRefine((schedules, context) => {
        const names = Object.keys(schedules);
        for (const name of names) {
          const message = scheduleNameFault(name, names);
          if (message !== undefined) context.addIssue({ code: 'custom', path: [name], message });
        }
      })
      .default({})
      .meta({
        description:
          'Named schedules, e.g. office-hours: Mon-Fri 08:00-19:00 Europe/Berlin; holidays=germany',
      }),
    holidays: z
      .record(z.string().regex(/^[a-z][\w-]*$/i), holidays)
      .default({})
      .meta({
        description:
          'Named holidays, on which no window starts: `dates`, such as 2026-12-24, 12-25 and 12-24..01-01, and `file`, an iCalendar file.',
      }),
    compatibility: compatibility.prefault({}),
    protect: protect.prefault({}),
    spend: spend.prefault({}),
    budgets: z
      .array(budget)
      .superRefine((budgets, context) => {
        for (const [index, { name: own }] of budgets.entries()) {
          if (budgets.findIndex(({ name: other }) => other === own) < index)
            context.addIssue({ code: 'custom', path: [index, 'name'], message: `"${own}" is there twice` });
        }
      })
      .default([])
      .meta({
        description:
          'What a calendar month may cost, for the digests: `name`, `monthly` in the currency of the bill, and `team`, `account`, `service` or any dimension; none: all of it.',
      }),
    idle: idle.prefault({}),
    utilization: utilization.prefault({}),
    stop: stop.prefault({}),
    launches: launches.prefault({}),
    alerts: alerts.prefault({}),
  })
  .superRefine(({ alerts: { quietHours: whole, destinations }, ...policy }, context) => {
    const entries: [PropertyKey[], string | undefined][] = [
      [['alerts', 'quietHours'], whole],
      ...Object.entries(destinations).map(
        ([own, { quietHours: hours }]): [PropertyKey[], string | undefined] => [
          ['alerts', 'destinations', own, 'quietHours'],
          hours,
        ],
      ),
    ];
    for (const [path, hours] of entries) {
      const message = hours === undefined ? undefined : quietHoursFault(hours, policy);
      if (message !== undefined) context.addIssue({ code: 'custom', path, message });
    }
  });

export type Config = z.infer<typeof configSchema>;

export type ConfigFault = { path: readonly PropertyKey[]; message: string };

/**
 * An entry with these keys, and any other as the name of a dimension. Only what looks like a slip for a key that is
 * missing is unknown: taken for a dimension, `acount` would match nothing, and silently.
 */
function withDimensions<Shape extends z.ZodRawShape>(shape: Shape) {
  return z
    .object(shape)
    .catchall(z.string('expected the value of a dimension, in quotes').min(1))
    .superRefine(
      (entry, context) => {
        const missing = Object.keys(shape).filter((name) => entry[name] === undefined);
        for (const key of Object.keys(entry).filter((name) => !(name in shape))) {
          const meant = missing.find((name) => isSlipOf(key, name));
          if (meant)
            context.addIssue({
              code: 'custom',
              path: [key],
              message: `unknown key, did you mean "${meant}"?`,
            });
        }
      },
      { when: ({ value }) => typeof value === 'object' && value !== null }, // though other keys are at fault too
    );
}

const isSlipOf = (key: string, name: string): boolean =>
  distance(key.toLowerCase(), name.toLowerCase()) <= name.length / 4;

/** Every fault of a configuration, in one message. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  readonly faults: readonly ConfigFault[];
  constructor(faults: readonly ConfigFault[]) {
    super(`Invalid configuration\n${faults.map((fault) => `  ${faultLine(fault)}`).join('\n')}`);
    this.faults = faults;
  }
}

export const faultLine = ({ path, message }: ConfigFault): string =>
  `${path.length === 0 ? 'the file' : path.join('.')}: ${message}`;

/** Fills in the defaults; throws a ConfigError that names every fault at once. */
export function parseConfig(document: unknown): Config {
  const { data, error } = configSchema.safeParse(document, { reportInput: true });
  if (error) throw new ConfigError(error.issues.flatMap(toFaults));
  return data;
}

/** The configuration a Lambda function was packaged with: the file, or the JSON itself, that WATCHDOG_CONFIG holds. */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  const source = env['WATCHDOG_CONFIG'];
  if (source === undefined) return parseConfig({});
  return parseConfig(parseJson(source.trimStart().startsWith('{') ? source : readFileSync(source, 'utf8')));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConfigError([{ path: [], message: `not JSON: ${(error as Error).message}` }]);
  }
}

function toFaults(issue: z.core.$ZodIssue): ConfigFault[] {
  if (issue.code !== 'unrecognized_keys') return [{ path: issue.path, message: issue.message }];
  const known = Object.keys((issue.input ?? {}) as object).length === 0 ? [] : knownKeys(issue.path);
  return issue.keys.map((key) => ({
    path: [...issue.path, key],
    message: `unknown key${suggestion(key, known)}`,
  }));
}

function suggestion(key: string, known: readonly string[]): string {
  if (known.length === 0) return '';
  const nearest = closest(key, [...known]);
  return distance(key, nearest) <= Math.max(2, key.length / 3)
    ? `, did you mean "${nearest}"?`
    : `, expected one of ${known.join(', ')}`;
}

/** The keys that the schema allows at a path; none where it takes any key or no object. */
function knownKeys(path: readonly PropertyKey[]): string[] {
  let schema: unknown = configSchema;
  for (const step of path) {
    const outer = unwrap(schema);
    if (outer instanceof z.ZodObject) schema = outer.shape[step as string];
    else if (outer instanceof z.ZodArray) schema = outer.element;
    else return [];
  }
  const inner = unwrap(schema);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

function unwrap(schema: unknown): unknown {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return unwrap(schema.unwrap());
  }
  return schema;
}

/** A check that tells what is wrong with a text, where something is. */
function faultOf(check: (text: string) => string | undefined) {
  return (text: string, context: z.RefinementCtx): void => {
    const message = check(text);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  };
}
