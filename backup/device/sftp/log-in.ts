/** How a user proves who he is (RFC 4252): the methods in their order, and the sentence for when none is taken. */
import type { AuthenticationType, AuthHandlerMiddleware, KeyboardInteractiveCallback, Prompt } from 'ssh2'
import type { Failure } from '../failure.ts'

export interface Credentials {
  readonly userName: string
  readonly password?: string
  readonly privateKey?: string
}

export class LogIn {
  readonly #credentials: Credentials
  readonly #left: AuthenticationType[]
  readonly #tried: (keyof typeof words)[] = []
  #offered: readonly string[] = []
  #asked: string | undefined
  #answers = 0

  constructor(credentials: Credentials) {
    this.#credentials = credentials
    // "none" first: the answer lists what the server takes, and OpenSSH does not count it as a failure.
    this.#left = ['none']
    if (credentials.privateKey) this.#left.push('publickey')
    if (credentials.password) this.#left.push('password', 'keyboard-interactive')
  }

  /** For ssh2: the next method that both sides have. */
  readonly next: AuthHandlerMiddleware = (offered, _isPartial, next) => {
    if (offered !== null) this.#offered = offered
    for (let method = this.#left.shift(); method !== undefined; method = this.#left.shift()) {
      if (method !== 'none' && !this.#offered.includes(method)) continue
      if (method in words) this.#tried.push(method)
      next(method)
      return
    }
    // "No more", which the types leave out.
    Reflect.apply(next, undefined, [false])
  }

  /** For ssh2: the password answers one question that is not shown as it is typed. */
  readonly answer = (
    _name: string,
    _instructions: string,
    _language: string,
    prompts: readonly Prompt[],
    finish: KeyboardInteractiveCallback,
  ): void => {
    const [prompt] = prompts
    const isPassword = prompts.length === 1 && prompt?.echo !== true && this.#answers === 0
    if (prompt === undefined) finish([])
    else if (isPassword && this.#credentials.password) {
      this.#answers++
      finish([this.#credentials.password])
    } else {
      this.#asked = prompts.map((one) => one.prompt.trim()).join(' ')
      finish(prompts.map(() => ''))
    }
  }

  /** What the server said, once it has refused. */
  get failure(): Failure {
    const fault = 'authFailed'
    const { userName } = this.#credentials
    const offered = this.#offered.join(', ') || 'nothing'
    if (this.#asked !== undefined)
      return {
        fault,
        reason: `the server asks ${userName} for more than a password: ${this.#asked}`,
        advice: 'use a private key, or an account without a second factor',
      }
    if (this.#tried.length === 0)
      return {
        fault,
        reason: `the server takes ${offered} from ${userName}, and the device has ${this.#has()}`,
        advice: this.#offered.includes('publickey') ? 'give the device a private key' : 'give the device a password',
      }
    return {
      fault,
      reason: `the server refused ${[...new Set(this.#tried.map((method) => words[method]))].join(' and ')} of ${userName}`,
      advice: this.#tried.includes('publickey')
        ? "check the user name, and that the key is in the account's authorized_keys"
        : 'check the user name and the password',
    }
  }

  #has(): string {
    const { password, privateKey } = this.#credentials
    if (password) return 'a password'
    return privateKey ? 'a private key' : 'neither a password nor a private key'
  }
}

const words: Readonly<Record<string, string>> = {
  publickey: 'the private key',
  password: 'the password',
  'keyboard-interactive': 'the password',
}
