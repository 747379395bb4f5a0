/** How a secret is added to a request, or what is made of it and added. */
export type CredentialWay = StaticWay | OAuth2Way | GitHubAppWay | SigV4Way

/** The secret itself is added. */
export type StaticWay =
  /** `Authorization: Bearer SECRET` */
  | { readonly way: 'bearer' }
  /** A header whose value is the secret, such as `x-api-key`. */
  | { readonly way: 'header'; readonly header: string }
  /** `Authorization: Basic`, with this user and the secret as the password. */
  | { readonly way: 'basic'; readonly user: string }

/**
 * The secret is a refresh token of OAuth 2.0 (RFC 6749, section 6), and access tokens that are made with it are added as
 * `Authorization: Bearer`. A refresh token that the server issues anew takes its place in the store.
 */
export interface OAuth2Way {
  readonly way: 'oauth2'
  /** Where tokens are issued: an `https` URL. */
  readonly tokenEndpoint: string
  readonly clientId: string
  /** Name of the secret that authenticates the client. Absent for a public client. */
  readonly clientSecret?: string
  /** How it does: in the header (`basic`, the default) or in the body (`post`). */
  readonly clientAuth?: 'basic' | 'post'
  /** What is asked for, by names with a space between them. Default: what the refresh token stands for. */
  readonly scope?: string
}

/** The secret is the private key of a GitHub App in PEM, and tokens of one of its installations are added. They last an hour. */
export interface GitHubAppWay {
  readonly way: 'github-app'
  /** The App's client id, or its id. */
  readonly appId: string
  readonly installationId: number
  /** The only repositories that tokens are for, by their names without the owner. Default: those of the installation. */
  readonly repositories?: readonly string[]
  /** The only permissions that tokens have, such as `{ contents: 'read' }`. */
  readonly permissions: Readonly<Record<string, 'read' | 'write' | 'admin'>>
  /** How they are added: `bearer` (the default) for the API, `basic` (as the user `x-access-token`) for git. */
  readonly added?: 'bearer' | 'basic'
  /** The API as an `https` URL. Default `https://api.github.com`. */
  readonly apiUrl?: string
}

/**
 * Requests are signed with AWS Signature Version 4. The secret is JSON as the AWS CLI's `credential_process` gives it:
 * `{ "Version": 1, "AccessKeyId", "SecretAccessKey", "SessionToken"?, "Expiration"? }`.
 */
export interface SigV4Way {
  readonly way: 'sigv4'
  readonly region: string
  /** The service as it is signed for, such as `s3` or `bedrock`. */
  readonly service: string
  /**
   * Whether the body is signed (`signed`, the default), or, where the program did not say its digest, left out of the signature
   * (`unsigned`), which S3 allows.
   */
  readonly payload?: 'signed' | 'unsigned'
}
