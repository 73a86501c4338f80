import type { Config } from '../config.ts';
import type { Table } from '../store/table.ts';
import type { Teller } from './notify.ts';
import { type OutletServices, outletOpener } from './outlets.ts';

type Services = Omit<OutletServices, 'token' | 'hasButtons'> & Pick<Teller, 'draw'>;

/** What tells alerts as a configuration says. */
export const openTeller = (table: Table, config: Config, services: Services): Teller => ({
  table,
  policy: config.alerts,
  hours: config,
  draw: services.draw,
  open: outletOpener({
    ...services,
    token: config.alerts.slack?.token,
    hasButtons: config.alerts.slack?.signingSecret !== undefined,
  }),
});
