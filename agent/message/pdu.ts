/** PDU types and their tags (RFC 3416 §3). */
export const pduTag = {
  getRequest: 0xa0,
  getNextRequest: 0xa1,
  response: 0xa2,
  setRequest: 0xa3,
  trapV1: 0xa4,
  getBulkRequest: 0xa5,
  informRequest: 0xa6,
  trapV2: 0xa7,
  report: 0xa8,
} as const

export const messageVersion = { v1: 0, v2c: 1, v3: 3 } as const
