/**
 * Where backups go: one row of drsDeviceTable as a job gets it. Secrets are in it, so that it is only ever in files that
 * root alone can read, and never in a message or a log line.
 */

export interface LocalDirectory {
  readonly type: 'local'
  readonly name: string
  /** A folder of this machine that exists. */
  readonly path: string
  /** How many backup sets are kept: from 1 to 1000. */
  readonly retention: number
}

/** A network directory that an SFTP server offers. */
export interface NetworkDirectory {
  readonly type: 'network'
  readonly name: string
  readonly server: string
  readonly port: number
  /** A folder of the server that exists; a relative one starts where the server puts the user. */
  readonly path: string
  readonly userName: string
  /** One of the two; the key is text in OpenSSH's or PEM form. */
  readonly password?: string
  readonly privateKey?: string
  /** `SHA256:…`, as ssh-keygen -l prints it. Without one the first validation shows the server's, and a job refuses. */
  readonly hostKey?: string
  /** Also offers what is weak by now, such as diffie-hellman-group1-sha1, to servers that have nothing else. */
  readonly allowsOldAlgorithms?: boolean
  readonly retention: number
  /** Of an upload; undefined is as fast as it goes. */
  readonly maxKBytesPerSecond?: number
}

export interface Tape {
  readonly type: 'tape'
  readonly name: string
  /** A device that does not rewind itself, such as `/dev/nst0`, or a regular file that stands in for one. */
  readonly tapeId: string
  readonly retention: number
}

export type DeviceSettings = LocalDirectory | NetworkDirectory | Tape

/** drsDeviceOperStatus of a device that is not ready. */
export type DeviceFault = 'unreachable' | 'authFailed' | 'pathMissing' | 'notWritable' | 'full' | 'busy'

/** drsMaxDevices and drsMaxSchedules: DRS allows ten of each. */
export const mostDevices = 10
export const mostSchedules = 10

/** Letters, digits, space, dash and underscore: what DRS allows in names of devices and schedules. */
export const isDrsName = (name: string): boolean => /^[A-Za-z0-9 _-]{1,64}$/.test(name)
