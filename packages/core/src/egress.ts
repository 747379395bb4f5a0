import type { CredentialWay } from './credential.ts'
import type { MeterSettings } from './meter.ts'
import type { EgressRule } from './policy.ts'
import type { CallOptions } from './seam.ts'
import type { AttemptPort } from './worker.ts'

/** A registry whose files of packages are kept on the host once they were fetched. */
export interface PackageRegistry {
  /** A host name in lower-case ASCII (punycode), or an address. */
  readonly host: string
  /** Default 443. */
  readonly port?: number
  /** How it names the files of a version, which it never changes: `npm` as `…/-/NAME.tgz`, `pypi` as `…/packages/XX/YY/…/NAME`. */
  readonly kind: 'npm' | 'pypi'
}

/** What is kept on the host of what attempts fetch from registries. */
export interface PackageCacheSettings {
  readonly registries: readonly PackageRegistry[]
  /** Of all files together. Default 10 GiB. What was used longest ago makes room. */
  readonly maxBytes?: number
}

/** What a deployment says about every way out, beside its policy. */
export interface EgressSettings {
  /** How each secret is added that a rule may name in `inject`, or what is made of it and added. */
  readonly credentials?: Readonly<Record<string, CredentialWay>>
  /** What a rule may name in `meter`, beside `model`, which is there in any case and may be set here. */
  readonly meters?: Readonly<Record<string, MeterSettings>>
  /** Where files of packages come from that are kept on the host. Absent: nothing is kept. */
  readonly packages?: PackageCacheSettings
  /** Ranges in CIDR notation that listed names may lead to although they are not public. Never metadata services. */
  readonly privateRanges?: readonly string[]
  /** Certificates in PEM that are trusted beside the usual ones. */
  readonly extraCas?: readonly string[]
  /** An HTTP proxy that takes CONNECT, through which everything leaves. It is given addresses, never names. */
  readonly proxy?: { readonly host: string; readonly port: number }
  /** Bounds by their names, as in `GATEWAY_LIMITS` of `@seamark/gateway`. */
  readonly limits?: Readonly<Record<string, number>>
}

/** What one launch may reach, and where its way out is made. */
export interface EgressSpec {
  readonly launchId: string
  /** Absolute path of the unix socket on the worker's host, in a folder that only this launch sees. A socket that is there is replaced. */
  readonly socketPath: string
  readonly rules: readonly EgressRule[]
  /** Makes each decision a record before it takes effect. Without `usage` a rule with `meter` is refused. */
  readonly port: Pick<AttemptPort, 'note' | 'usage'>
  /**
   * Places the certificates that its programs have to trust, before anything is served: when it is opened, and each time
   * that it is opened anew without being asked to. Where it rejects, nothing is served.
   */
  readonly renewed?: (cas: readonly string[]) => Promise<void>
  /**
   * Told each value that is added to its requests, before it is: secrets, and tokens that are made of them. It keeps them out of what the
   * launch leaves. Where it throws, nothing is added.
   */
  readonly used?: (name: string, value: Uint8Array) => void
}

/** The way out of one launch. */
export interface EgressWay {
  /** Certificates, as PEM, that its programs have to trust beside the usual ones. Empty where there are none. */
  readonly cas: readonly string[]
  /** For each host and port with mode `endpoint`: the path of the base URL on the gateway, such as `/to/api.example/`. */
  readonly endpoints: readonly { readonly host: string; readonly port: number; readonly path: string }[]
  /** Ends its connections and removes the socket, once the last decisions are records. Idempotent. Errors: those of `AttemptPort.note`. */
  close(): Promise<void>
}

/** Leads launches out, each to the hosts of its rules and nowhere else. */
export interface Egress {
  /**
   * Opens the way out of a launch; after a restart of the service anew, at the same path.
   *
   * Errors: `INVALID_INPUT` and `UNSUPPORTED` for a rule that can not be held, with its place in `/rules`, `CONFLICT` where
   * something else is at the path, `UNAVAILABLE`, `ABORTED`.
   */
  open(spec: EgressSpec, options?: CallOptions): Promise<EgressWay>
}
