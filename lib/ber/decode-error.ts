/** What a decoder throws when bytes are not what they should be; the offset is within the datagram. */
export class DecodeError extends Error {
  readonly offset: number

  constructor(message: string, offset: number) {
    super(`${message} at octet ${offset}`)
    this.name = 'DecodeError'
    this.offset = offset
  }
}
