/**
 * The child of a backup job, or of the subagents, that talks to the agents of other nodes (serve.ts). It gives up root before it
 * reads anything, as the child that talks to devices does.
 */
import { messageOf } from '../../lib/errors.ts'
import { RemoteAgent } from '../../views/remote-agent.ts'
import { giveUpRoot } from '../give-up-root.ts'
import { serveNodes } from './serve.ts'

try {
  giveUpRoot()
  await serveNodes({
    input: process.stdin,
    output: process.stdout,
    openAgent: (settings) => new RemoteAgent(settings),
  })
  process.exit(0)
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exit(1)
}
