/** castellan events: what is watched and how near it is, and what other thresholds would have told. */
import type { Group } from '../../lib/cli/command.ts'
import { eventsList } from './list.ts'
import { eventsTest } from './test.ts'

export const eventsGroup: Group = {
  name: 'events',
  summary: 'thresholds: what is watched and how near it is, and what others would have told',
  commands: [eventsList, eventsTest],
  usual: eventsList,
}
