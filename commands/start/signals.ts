/** The signals by which a start is ended. */
import { isatty } from 'node:tty'

/** Signals that end what waits for `onSignal`; SIGHUP only of the terminal that would have had the Ctrl-C. */
export function stopOnSignals(onSignal: (signal: NodeJS.Signals) => void): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGUSR2'] as const) process.on(signal, () => onSignal(signal))
  // nohup(1) ignores SIGHUP, which Node takes back when it starts; but nohup leaves no terminal as standard input.
  const isOfTerminal = isatty(0)
  process.on('SIGHUP', () => {
    if (isOfTerminal) onSignal('SIGHUP')
  })
}
