/** A path that is not used, because somebody who may do less than this process decides what it leads to. */

/** `notRegular`: a folder, device, FIFO or socket where a file must be. The others lead to a file of somebody else. */
export type RefusalKind = 'notRegular' | 'notSocket' | 'link' | 'hardLink' | 'owner' | 'crowded'

export interface Refusal {
  readonly kind: RefusalKind
  /** What was to be used. */
  readonly path: string
  /** The part of it that is refused. */
  readonly component: string
  /** What the component is, such as `is a symbolic link, and ...`. */
  readonly reason: string
}

export class RefusedPathError extends Error implements Refusal {
  readonly kind: RefusalKind
  readonly path: string
  readonly component: string
  readonly reason: string

  constructor({ kind, path, component, reason }: Refusal) {
    const isItself = component === path || kind === 'notRegular'
    super(isItself ? `${path} ${reason}` : `${path} is not used: ${component} ${reason}`)
    this.kind = kind
    this.path = path
    this.component = component
    this.reason = reason
  }
}

/** Of a symbolic link that is not followed. */
export function reasonNotToFollow(link: { readonly uid: number }, folder: { readonly uid: number }): string {
  return `is a symbolic link of uid ${link.uid} in a folder of uid ${folder.uid}, which is not followed`
}
