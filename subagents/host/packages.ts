/** Installed packages as dpkg keeps them (dpkg(1), deb-control(5)): its status file, read without starting a program. */

export interface InstalledPackage {
  readonly name: string
  readonly version: string
  readonly architecture: string
  readonly type: 'operatingSystem' | 'application'
  /** Of the list of its files, below dpkg's info folder, in the order of likelihood. */
  readonly lists: readonly string[]
}

/** Those that `dpkg -l` shows as installed; removed ones whose configuration is left are not. Sorted as dpkg sorts. */
export function parseDpkgStatus(text: string): InstalledPackage[] {
  const found: InstalledPackage[] = []
  for (const stanza of text.split('\n\n')) {
    const field = (name: string): string | undefined => new RegExp(`^${name}: *(.*)$`, 'm').exec(stanza)?.[1]?.trim()
    const [name, version, status] = [field('Package'), field('Version'), field('Status')]
    if (!name || !version || !status?.endsWith(' installed')) continue
    const architecture = field('Architecture') ?? 'all'
    const isSystem = field('Essential') === 'yes' || /^linux-image-/.test(name)
    found.push({
      name,
      version,
      architecture,
      type: isSystem ? 'operatingSystem' : 'application',
      lists: [`${name}.list`, `${name}:${architecture}.list`],
    })
  }
  return found.sort((a, b) => order(a.name, b.name) || order(a.architecture, b.architecture))
}

/** hrSWInstalledName: what is installed, of which version, for which machine. */
export function packageTitle({ name, version, architecture }: InstalledPackage): string {
  return `${name}_${version}_${architecture}`
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
