/** /proc/self/mountinfo (proc(5)), and which of its mounts are file systems that somebody would want to see. */
import type { Octets } from '../../lib/text/octets.ts'

export interface Mount {
  /** `major:minor` of the device; of file systems without one an anonymous number. */
  readonly device: string
  /** What of the file system is mounted; `/` is all of it. */
  readonly root: Octets
  readonly mountPoint: Octets
  readonly isReadOnly: boolean
  readonly fsType: string
  readonly source: Octets
  readonly kind: MountKind
}

export type MountKind = 'disk' | 'network' | 'overlay' | 'memory'

const network = new Set(
  'nfs nfs4 cifs smb3 smbfs ceph afs 9p virtiofs glusterfs lustre ocfs2 gfs2 ncpfs coda beegfs'.split(' '),
)
const networkInUserSpace = /^fuse\.(sshfs|glusterfs|ceph|s3fs|rclone|davfs|curlftpfs|mfs|cifs)/
const overlay = new Set(['overlay', 'aufs', 'unionfs', 'fuse.fuse-overlayfs'])
const memory = new Set(['tmpfs', 'ramfs', 'devtmpfs'])
/** What holds no files of anybody; asking autofs for its size would even mount what is below it. */
const pseudo = new Set(
  (
    'autofs binder binfmt_misc bpf cgroup cgroup2 configfs cpuset debugfs devpts efivarfs fuse.gvfsd-fuse ' +
    'fuse.lxcfs fuse.portal fusectl hugetlbfs mqueue nfsd nsfs none pipefs proc pstore resctrl rootfs ' +
    'rpc_pipefs securityfs selinuxfs smackfs sockfs subfs sysfs tracefs usbfs'
  ).split(' '),
)

export function parseMountinfo(text: Octets): Mount[] {
  const mounts: Mount[] = []
  for (const line of text.split('\n')) {
    const [place = '', what] = line.split(' - ')
    const [, , device, root, mountPoint, options] = place.split(' ')
    const [fsType, source, superOptions = ''] = what?.split(' ') ?? []
    if (!device || !root || !mountPoint || !fsType || source === undefined || pseudo.has(fsType)) continue
    mounts.push({
      device,
      root: unescaped(root),
      mountPoint: unescaped(mountPoint),
      isReadOnly: isReadOnly(options) || isReadOnly(superOptions),
      fsType,
      source: unescaped(source),
      kind: kindOf(fsType),
    })
  }
  return mounts
}

export type ShownKinds = Readonly<Record<'network' | 'overlay' | 'memory', boolean>>

/**
 * One mount of each file system, as `df` chooses: of two on the same place the later hides the earlier, and of one that
 * is mounted several times the whole of it counts before a part, then the shortest path. The root is always shown.
 */
export function selectMounts(mounts: readonly Mount[], shown: ShownKinds): Mount[] {
  const byPlace = new Map(mounts.map((mount) => [mount.mountPoint, mount]))
  const byDevice = new Map<string, Mount>()
  for (const mount of byPlace.values()) {
    const isShown = mount.mountPoint === '/' || mount.kind === 'disk' || shown[mount.kind]
    if (!isShown) continue
    const other = byDevice.get(mount.device)
    if (!other || isBetter(mount, other)) byDevice.set(mount.device, mount)
  }
  return [...byDevice.values()].sort((a, b) => (a.mountPoint < b.mountPoint ? -1 : 1))
}

function isBetter(mount: Mount, other: Mount): boolean {
  if ((mount.mountPoint === '/') !== (other.mountPoint === '/')) return mount.mountPoint === '/'
  if ((mount.root === '/') !== (other.root === '/')) return mount.root === '/'
  return mount.mountPoint.length < other.mountPoint.length
}

function kindOf(fsType: string): MountKind {
  if (network.has(fsType) || networkInUserSpace.test(fsType)) return 'network'
  if (overlay.has(fsType)) return 'overlay'
  return memory.has(fsType) ? 'memory' : 'disk'
}

function isReadOnly(options = ''): boolean {
  return options.split(',').includes('ro')
}

/** The kernel writes blank, tab, newline and backslash as three octal digits. */
function unescaped(text: Octets): Octets {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}
