/** What limits processes, memory and processors. */
export type Controller = 'memory' | 'pids' | 'cpu'

export const CONTROLLERS: readonly Controller[] = ['memory', 'pids', 'cpu']

/** A hierarchy of control groups, and where in it this process is. */
export interface Hierarchy {
  readonly version: 1 | 2
  /** Controllers of a version 1 hierarchy; of version 2 each folder says which it has. */
  readonly controllers: readonly Controller[]
  /** Folder where it is mounted. */
  readonly mount: string
  /** Folder of the control group that this process is in. */
  readonly own: string
}

/**
 * The hierarchies that a process sees: from `/proc/self/mountinfo` (proc(5)) and `/proc/self/cgroup` (cgroups(7)). One
 * that is mounted from a place which the process is not below can not be used and is left out. Pure.
 */
export function hierarchiesOf(mountinfo: string, cgroup: string): Hierarchy[] {
  const own = cgroup.split('\n').flatMap((line) => {
    const [, names = '', path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    return path === undefined ? [] : [{ names: names.split(','), path }]
  })
  return mountinfo.split('\n').flatMap((line): Hierarchy[] => {
    const [left = '', right = ''] = line.split(' - ')
    const [, , , root = '', mount = ''] = left.split(' ').map(unescaped)
    const [type = '', , options = ''] = right.split(' ')
    if (type !== 'cgroup' && type !== 'cgroup2') return []
    const version = type === 'cgroup2' ? 2 : 1
    const words = options.split(',')
    const controllers = version === 2 ? [] : CONTROLLERS.filter((name) => words.includes(name))
    if (version === 1 && controllers.length === 0) return []
    const path = own.find(({ names }) =>
      version === 2 ? names.join('') === '' : controllers.every((name) => names.includes(name)),
    )?.path
    if (path === undefined) return []
    const below = root === '/' ? path : path === root ? '/' : path.startsWith(`${root}/`) ? path.slice(root.length) : ''
    // In a namespace of control groups, `..` stands for what is above it.
    if (below === '' || below.includes('/..')) return []
    return [{ version, controllers, mount, own: below === '/' ? mount : mount + below }]
  })
}

/** The folders from a process's own control group up to where the hierarchy is mounted. */
export function foldersUp({ mount, own }: Hierarchy): string[] {
  const folders: string[] = []
  for (let folder = own; folder.length > mount.length; folder = folder.slice(0, folder.lastIndexOf('/')))
    folders.push(folder)
  return [...folders, mount]
}

/** Blanks and such are octal in mountinfo. */
function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)))
}
