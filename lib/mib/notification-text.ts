/** The sentence for people that every notification of ours ends with, as a varbind. */
import { type Oid, oid } from '../smi/oid.ts'
import type { Varbind } from '../smi/value.ts'
import { truncateUtf8 } from '../text/text.ts'

/** castellanNotifyText.0 of CASTELLAN-AGENT-MIB. */
const castellanNotifyTextInstance: Oid = oid('1.3.6.1.4.1.32473.12.1.1.1.1.0')

export function textVarbind(sentence: string): Varbind {
  return {
    name: castellanNotifyTextInstance,
    value: { type: 'OctetString', value: Buffer.from(truncateUtf8(sentence, 1024)) },
  }
}

export function isText({ name }: Varbind): boolean {
  return (
    name.length === castellanNotifyTextInstance.length && name.every((id, i) => id === castellanNotifyTextInstance[i])
  )
}
