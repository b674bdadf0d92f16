/**
 * Connections that the parent hands over, and that are lost on their way since no descriptor is left for them: the kernel cuts them
 * off the message (unix(7), MSG_CTRUNC). Node's cluster then waits for this worker's answer for ever, and hands it no other one. So it
 * is answered: the parent closes its end, and goes on.
 */

/** What the cluster module of Node sends with a connection (lib/internal/cluster/round_robin_handle.js). */
interface HandOver {
  readonly cmd: 'NODE_HANDLE'
  readonly msg: { readonly cmd: 'NODE_CLUSTER'; readonly act: 'newconn'; readonly seq: number }
}

/** For a worker of the cluster; `lost` is called for each of them. */
export function answerForLostConnections(lost: () => void): void {
  process.on('internalMessage', (message: unknown, connection: unknown) => {
    if (connection || !isHandOver(message)) return
    process.send?.({ cmd: 'NODE_CLUSTER', ack: message.msg.seq, accepted: true })
    lost()
  })
}

function isHandOver(message: unknown): message is HandOver {
  const { cmd, msg } = (message ?? {}) as { cmd?: unknown; msg?: { cmd?: unknown; act?: unknown; seq?: unknown } }
  return cmd === 'NODE_HANDLE' && msg?.cmd === 'NODE_CLUSTER' && msg.act === 'newconn' && typeof msg.seq === 'number'
}
