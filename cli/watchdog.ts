#!/usr/bin/env node
import { Command, CommanderError, Option } from 'commander';
import { ConfigError } from '../shared/config.ts';
import { InputError } from './input-error.ts';
import {
  toAlertsPerMonth,
  toDays,
  toDollars,
  toIsoTime,
  toMonth,
  toNames,
  toWeeks,
  withAccountOptions,
  withCommonOptions,
} from './options.ts';
import { printError } from './terminal.ts';

// Standard output is the command's own. In its development mode the logger writes through the console.
process.env['POWERTOOLS_DEV'] = 'true';
console.info = console.error;
console.debug = console.error;

// Whoever reads the output may close it when they have seen enough: `| head -1` is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

// Each command is imported when it runs: `schedule explain` in a loop must not pay for the whole SDK.
const program = new Command('watchdog')
  .description('Watches AI/ML spend on AWS, finds what is idle, stops what nobody uses, and says why.')
  .exitOverride()
  .configureOutput({
    outputError: (text, write) => write(text.replace(/^error: /, '').replace('\n(', ' (')),
  });

withCommonOptions(program.command('demo'))
  .description('the whole watch on the embedded sample account: no AWS, no network')
  .action(async (options) => {
    process.env['POWERTOOLS_LOG_LEVEL'] ??= 'ERROR'; // the story is told below; each run's log line isn't part of it
    await (await import('./demo.ts')).demoCommand(options);
  });

withAccountOptions(program.command('invoke <function>'))
  .description('run one function with one event, as Lambda would')
  .option('--event <file>', 'the event (default: the sample event of the function)')
  .action(async (name, options) => (await import('./invoke.ts')).invokeCommand(name, options));

withAccountOptions(program.command('plan'))
  .description('what enforce-schedules would do now, and why; changes nothing')
  .option('--for <length>', 'and what it would do in that time to come, e.g. 24h')
  .action(async (options) => (await import('./plan.ts')).planCommand(options));

withAccountOptions(program.command('keep <ids...>'))
  .description('keep what has a schedule tag running, by its keep-until tag')
  .option('--for <length>', 'from now on: 30m, 4h, 2d')
  .option('--until <time>', 'tomorrow (08:00 in its zone), a date or a time')
  .action(async (ids, options) => (await import('./keep.ts')).keepCommand(ids, options));

withAccountOptions(program.command('stop-now <ids...>'))
  .description('let the next run make an announced stop, without waiting for its grace period')
  .option('--by <name>', 'who says so')
  .action(async (ids, options) => (await import('./keep.ts')).stopNowCommand(ids, options));

withAccountOptions(program.command('propose [instance]'))
  .description('hours for schedule tags, learnt from what instances did; of one instance, its week')
  .option('--weeks <count>', 'how far back to look', toWeeks, 4)
  .option('--min-saving <dollars>', 'a month; less is not worth a tag', toDollars, 10)
  .action(async (instance, options) => (await import('./propose.ts')).proposeCommand(instance, options));

withAccountOptions(program.command('utilization [resource]'))
  .description('what is idle or hardly used, and what that costs; of one resource, the evidence')
  .action(async (resource, options) =>
    (await import('./utilization.ts')).utilizationCommand(resource, options),
  );

withAccountOptions(program.command('doctor'))
  .description('check credentials, permissions, tags, GPU metrics and outlets; say what to fix')
  .action(async (options) => (await import('./doctor.ts')).doctorCommand(options));

withCommonOptions(program.command('watch'))
  .description('watch a bill you have as a file')
  .requiredOption('--spend <file>', 'a FOCUS export, CSV')
  .addOption(
    new Option('--cost <which>', 'which of its costs to judge')
      .choices(['effective', 'billed'])
      .default('effective'),
  )
  .action(async (options) => (await import('./watch.ts')).watchCommand(options));

withAccountOptions(program.command('backtest'))
  .description('what would have been told of a spend history, each day by what was known on it')
  .option('--spend <file>', 'CSV with date,amount and dimensions, or a FOCUS or CUR export, CSV or Parquet')
  .option('--days <count>', 'with --profile or --sample: how far back (default: 396)', toDays)
  .addOption(
    new Option('--cost <which>', 'of an export: which of its costs to judge (default: effective)').choices([
      'effective',
      'billed',
    ]),
  )
  .addOption(
    new Option('--sensitivity <preset>', 'default: as configured').choices(['quiet', 'balanced', 'eager']),
  )
  .option('--floor <dollars>', 'a smaller excess a day is noise (default: as configured)', toDollars)
  .option('--flat', 'judge each series by itself, not as parts of one whole')
  .option('--html <file>', 'write it as one self-contained page too')
  .option('--compare <methods>', 'put other methods beside it: all, or seed,holt-winters,...', toNames)
  .option('--tune [alerts]', 'propose settings for so many alerts a month (default: 4)', toAlertsPerMonth)
  .action(async (options) => (await import('./backtest.ts')).backtestCommand(options));

withCommonOptions(program.command('preview <alert>'))
  .description('what an alert looks like where it is told: a file of one, an event of the alert queue, or -')
  .addOption(
    new Option('--as <form>', 'blocks for Block Kit Builder, the mail, or its chart')
      .choices(['slack', 'email', 'png'])
      .default('slack'),
  )
  .option('--out <file>', 'of the chart', 'chart.png')
  .action(async (alert, options) => (await import('./preview.ts')).previewCommand(alert, options));

const withTable = (command: Command): Command =>
  withAccountOptions(command).option('--table <name>', "the stack's table (default: TABLE_NAME)");

withTable(program.command('incidents'))
  .description('what leaks, and what did lately, with the id of each')
  .action(async (options) => (await import('./incidents.ts')).incidentsCommand(options));

withTable(program.command('feedback <incident> <answer>'))
  .description('say of an incident that it is expected, not-an-anomaly, or planned until a date')
  .option('--until <date>', 'the last day of what is planned', toIsoTime)
  .option('--days <count>', 'how many days expected and not-an-anomaly hold', toDays)
  .option('--reason <text>', 'why')
  .option('--by <name>', 'who says so')
  .action(async (incident, answer, options) =>
    (await import('./feedback.ts')).feedbackCommand(incident, answer, options),
  );

/** The runs of the sample account log, which is no part of the answer. */
function quietSample({ sample }: { sample?: boolean }): void {
  if (sample) process.env['POWERTOOLS_LOG_LEVEL'] ??= 'ERROR';
}

const withQueue = (command: Command): Command =>
  withTable(command).option('--queue <url>', "the stack's alert queue (default: ALERT_QUEUE_URL)");

const alerts = program.command('alerts').description('what people were told, and what became of it');
withTable(alerts.command('list', { isDefault: true }))
  .description('the problems that were told: what is open, and what is over lately')
  .option('--all', 'what is over since long ago, too')
  .action(async (options) => {
    quietSample(options);
    await (await import('./alerts.ts')).alertsCommand(options);
  });
withTable(alerts.command('show <alert>'))
  .description('one problem, as it was told, and what became of it in each destination')
  .action(async (alert, options) => {
    quietSample(options);
    await (await import('./alerts.ts')).showAlertCommand(alert, options);
  });
withQueue(alerts.command('ack <alert>'))
  .description('say that somebody looks after a problem')
  .option('--by <name>', 'who says so (default: you)')
  .action(async (alert, options) => {
    quietSample(options);
    await (await import('./alerts.ts')).answerCommand('acknowledge', alert, options);
  });
withQueue(alerts.command('snooze <alert>'))
  .description('hear of a problem again later, or when it has doubled')
  .option('--for <length>', '1d or 7d')
  .option('--by <name>', 'who says so (default: you)')
  .action(async (alert, options) => {
    quietSample(options);
    await (await import('./alerts.ts')).answerCommand('snooze', alert, options);
  });
withQueue(alerts.command('replay <alert>'))
  .description('tell it where it is not told yet')
  .option('--again', 'tell it everywhere once more')
  .action(async (alert, options) => {
    quietSample(options);
    await (await import('./alerts.ts')).replayCommand(alert, options);
  });

withQueue(program.command('redrive'))
  .description('put alerts that could not be delivered back into the queue')
  .option('--dry-run', 'say what would go back, and change nothing')
  .action(async (options) => {
    quietSample(options);
    await (await import('./redrive.ts')).redriveCommand(options);
  });

withTable(program.command('savings'))
  .description('what the stops of a month saved')
  .option('--month <month>', 'a billing month, such as 2026-11 (default: the present one)', toMonth)
  .addOption(
    new Option('--by <what>', 'whose savings stand apart')
      .choices(['team', 'schedule', 'owner', 'resource'])
      .default('team'),
  )
  .action(async (options) => {
    quietSample(options);
    await (await import('./savings.ts')).savingsCommand(options);
  });

withTable(program.command('digest'))
  .description('what the digest of a period would say now; sends nothing')
  .addOption(
    new Option('--period <which>', 'which digest').choices(['daily', 'weekly', 'monthly']).default('weekly'),
  )
  .option('--team <name>', "a team's own (default: the whole)")
  .option('--ledger <bucket>', "the stack's bucket (default: LEDGER_BUCKET)")
  .action(async (options) => {
    if (options.sample) process.env['POWERTOOLS_LOG_LEVEL'] ??= 'ERROR'; // the log lines of its days aren't part of the answer
    await (await import('./digest.ts')).digestCommand(options);
  });

const schedule = program.command('schedule').description('schedule tags');
withCommonOptions(schedule.command('explain [value]'))
  .description('what the value of a schedule tag means between two points in time')
  .option('--from <time>', 'ISO 8601 (default: now)', toIsoTime)
  .option('--to <time>', 'ISO 8601, exclusive (default: a week later)', toIsoTime)
  .addOption(
    new Option('--grammar <name>', 'whose tag it is')
      .choices(['watchdog', 'instance-scheduler', 'custodian'])
      .default('watchdog'),
  )
  .option('--stdin', 'one JSON object {"value", "from", "to"} a line; answers one a line')
  .action(async (value, options) => (await import('./schedule.ts')).explainCommand(value, options));

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

/** 2 for what the user can mend in what they typed or wrote, told in a line; 1 for everything else. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // commander has told it
  if (error instanceof InputError || error instanceof ConfigError) {
    printError(error.message);
    return 2;
  }
  printError(error instanceof Error ? withCauses(error) : String(error));
  return 1;
}

function withCauses(error: Error): string {
  const cause = error.cause instanceof Error ? `\n  because: ${withCauses(error.cause)}` : '';
  return `${error.message}${cause}`;
}
