/** What can be answered to an alert by pressing a button, or in words on the command line. */
export const buttonNames = [
  'acknowledge',
  'snooze',
  'expected',
  'not-an-anomaly',
  'keep-2h',
  'keep-until-tomorrow',
  'stop-now',
] as const;

export type ButtonName = (typeof buttonNames)[number];
