/** The sentence for people that every notification of ours ends with, as a varbind. */
import { castellanArc } from '../smi/enterprise.ts'
import { type Oid, oid } from '../smi/oid.ts'
import type { Varbind } from '../smi/value.ts'
import { truncateUtf8 } from '../text/text.ts'

/** castellanNotifyText.0 of CASTELLAN-AGENT-MIB. */
const castellanNotifyTextInstance: Oid = oid(`${castellanArc}.12.1.1.1.1.0`)

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
