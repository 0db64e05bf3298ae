//! Everything that can go wrong, in the domain's words.
//!
//! *Invariant:* knows no status code and no wire shape, and its texts never carry a secret or a caller's bytes.

pub(crate) mod upstream;

use upstream::UpstreamError;

/// Why a request was refused or could not be served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// No usable `Authorization: Bearer` header.
    #[error("no access token was sent; send `Authorization: Bearer <token>`")]
    TokenMissing,
    /// Malformed, signed by somebody else, or not for this server.
    #[error("the access token is not valid here; get a new one from /identity/token")]
    TokenInvalid,
    /// An issuer of tokens that cannot be asked for its keys, or gives no usable answer.
    #[error("the issuer of this token cannot be asked for its keys now: try again")]
    IssuerUnreachable,
    /// Past its `exp`.
    #[error("the access token is expired; get a new one from /identity/token")]
    TokenExpired,
    /// A valid signature over claims that name nobody.
    #[error("the subject of the access token could not be read")]
    SubjectUnreadable,
    /// The caller may not do this here, or there is nothing here to do it to.
    #[error("The user does not have access to the specified resource")]
    Denied,
    /// The instance is not reached over the public network.
    #[error("The instance takes requests over its private network only")]
    NetworkRefused,
    /// The instance is not reached from the caller's address.
    #[error("The instance does not take requests from this address")]
    AddressRefused,
    /// A body is required and none was sent.
    #[error("the request has no body")]
    NoBody,
    /// The body is not what the endpoint takes.
    #[error("{0}")]
    BadBody(&'static str),
    /// `collectionTotal` is not the number of resources.
    #[error("`collectionTotal` is not the number of `resources`")]
    CollectionTotalMismatch,
    /// One field breaks its rule.
    #[error("{name}: {why}")]
    InvalidField {
        /// The field, as spelled on the wire.
        name: &'static str,
        /// What is wrong and what would be right.
        why: &'static str,
    },
    /// One query parameter breaks its rule.
    #[error("{name}: {why}")]
    InvalidQuery {
        /// The parameter, as spelled on the wire.
        name: &'static str,
        /// What is wrong and what would be right.
        why: &'static str,
    },
    /// Too many keys to look through.
    #[error("More than 5000 keys would have to be searched: narrow them by state, extractable, filter or key ring")]
    SearchTooBroad,
    /// No such key in this instance and ring.
    #[error("Key does not exist")]
    KeyNotFound,
    /// No such ring in this instance.
    #[error("Key ring does not exist")]
    RingNotFound,
    /// A ring of this name is there already.
    #[error("A key ring with this id exists already")]
    RingExists,
    /// No more rings fit.
    #[error("An instance has at most {limit} key rings besides the default one: delete one first")]
    TooManyRings {
        /// How many fit.
        limit: u32,
    },
    /// The default ring is asked to go.
    #[error("The default key ring cannot be deleted")]
    DefaultRing,
    /// The ring has keys that are not deleted.
    #[error("The key ring has keys that are not deleted: move them to another ring, or delete them, first")]
    RingKeysNotDeleted,
    /// The ring has deleted keys, and the caller did not insist.
    #[error("The key ring has deleted keys: delete it with `force=true` to move them to the default ring")]
    RingNotEmpty,
    /// The action needs a root key and this is a standard key.
    #[error("Requested action can only be completed with a root key")]
    RootKeyRequired,
    /// Rotation of an imported key without new material.
    #[error("This key was imported: a payload with its new material is required to rotate it")]
    PayloadRequired,
    /// Rotation of a generated key with material.
    #[error("This key was generated here: it is rotated without a payload")]
    PayloadNotAllowed,
    /// The key's state does not allow the action.
    #[error("Key is not in a valid state")]
    InvalidState,
    /// The key is deleted.
    #[error("Key has already been deleted: it can be restored for 30 days")]
    KeyDeleted,
    /// The waiting time after the action before this one is not over.
    #[error("The key was changed less than {seconds} seconds ago: try again later")]
    TooEarly {
        /// The whole waiting time.
        seconds: i64,
    },
    /// Rotated less than an hour ago.
    #[error("The key was rotated less than an hour ago: it can be rotated once an hour")]
    RotationTooSoon,
    /// Restoring a generated key with material.
    #[error("Only an imported key is restored with a payload: restore this one without")]
    ImportedKeyRequired,
    /// More than 30 days deleted.
    #[error("The key was deleted more than 30 days ago and can no longer be restored")]
    RestoreExpired,
    /// Restoring a key whose expiration date has passed.
    #[error("The key's expiration date has passed: it cannot be restored")]
    KeyExpired,
    /// Deletion of a key under dual authorization without the consent of somebody else.
    #[error("The key is deleted by two people: another one must set it for deletion first, at most seven days before")]
    AuthorizationsNotMet,
    /// Consent to a deletion that does not take two people.
    #[error("The key has no dual authorization policy for its deletion: set one, or delete the key directly")]
    NotDualAuth,
    /// Dual authorization turned off.
    #[error("A dual authorization policy that was enabled for a key stays enabled")]
    DualAuthStays,
    /// The policy in the body is not the one in the query.
    #[error("The policy of the body is not the one that the query parameter `policy` names")]
    PolicyMismatch,
    /// Not as many policies as the request can take.
    #[error("{0}")]
    PolicyCount(&'static str),
    /// A key that the instance's policy does not let be made in this way.
    #[error("The policy keyCreateImportAccess of the instance does not let such a key be created or imported")]
    CreateImportAccess,
    /// No version of the key opens the ciphertext with these AAD.
    #[error("The ciphertext was not made by this key with this additional authenticated data, or was altered")]
    UnprocessableCiphertext,
    /// The alias names a key of the instance already.
    #[error("An alias of the request already names a key of this instance, which may be deleted but not purged yet")]
    AliasInUse,
    /// No more aliases fit.
    #[error("A key has at most {limit} aliases: delete one first")]
    TooManyAliases {
        /// How many fit.
        limit: usize,
    },
    /// The key has no such alias.
    #[error("The key does not have this alias")]
    AliasNotFound,
    /// The key protects resources, and the caller did not insist.
    #[error(
        "The key protects one or more cloud resources: look at its registrations, and delete it with `force=true` to make \
         their data unreadable"
    )]
    ProtectedResource,
    /// The key protects a resource that must be kept.
    #[error("The key protects a cloud resource with a retention policy and cannot be deleted, not even by force")]
    DeletionPrevented,
    /// A person asks for what only a service may do.
    #[error("Registrations are made and changed by cloud services that act for themselves only")]
    ServiceOnly,
    /// A service asks for a resource of another one.
    #[error("The resource does not belong to the service instance that the access token was issued to")]
    ResourceOwner,
    /// The resource is registered with this key already.
    #[error("The resource is registered with this key already: update or replace the registration")]
    RegistrationExists,
    /// The resource is not registered with this key.
    #[error("The resource is not registered with this key")]
    RegistrationNotFound,
    /// Only root keys protect resources.
    #[error("Requested action can only be completed with a root key")]
    RegistrationNeedsRootKey,
    /// The key's state does not allow this with its registrations.
    #[error("Key is not in a valid state for this change of its registrations")]
    RegistrationState,
    /// Not a version of the key, or older than the one registered.
    #[error("The key version must be one of this key and not older than the one that is registered")]
    RegistrationVersion,
    /// Material encrypted for an import token that does not exist.
    #[error("There is no import token that this payload could have been encrypted for")]
    ImportTokenMissing,
    /// The import token may not be retrieved any more, or not be used any more.
    #[error("The import token has expired, or was retrieved as often as it may be: make a new one")]
    ImportTokenExpired,
    /// Retrieving an import token that nobody has made.
    #[error("This instance has no import token: make one first")]
    ImportTokenNotMade,
    /// The encrypted nonce does not open under the material.
    #[error("The encrypted nonce cannot be opened with the key material and `iv`, which has 12 bytes")]
    IncorrectNonceIv,
    /// The encrypted nonce opens and is not the token's.
    #[error("The encrypted nonce is not the nonce of the current import token")]
    IncorrectNonce,
    /// No such API key.
    #[error("Provided API key could not be found.")]
    ApiKeyUnknown,
    /// A token request with another grant type.
    #[error(
        "This server issues tokens for the grant types urn:ibm:params:oauth:grant-type:apikey and \
         urn:ibm:params:oauth:grant-type:iam-authz only."
    )]
    GrantTypeUnsupported,
    /// A token request in the name of something that is not a service instance.
    #[error("desired_iam_id must be `crn-` and the CRN of a service instance.")]
    DesiredIdUnreadable,
    /// A token request in the name of an instance that the caller does not operate.
    #[error("The access token is not that of an operator of the desired service instance.")]
    NotOperator,
    /// Unknown, used or expired sign-in code.
    #[error("This sign-in link was used or is too old: make a new one with `envelock-keyserver sign-in-link`")]
    SignInCodeUnknown,
    /// No console session, or an expired one.
    #[error("There is no console session: open a sign-in link")]
    SessionMissing,
    /// A console call made by a page of another origin.
    #[error("The console's own calls are accepted from the console's own origin only")]
    ForeignOrigin,
    /// No such policy.
    #[error("Policy was not found")]
    PolicyNotFound,
    /// An active policy says the same.
    #[error("A policy with the same subject, roles and target exists already")]
    PolicyExists,
    /// A change without the ETag of what is to be changed.
    #[error("the header If-Match is required: send the ETag that the object was last read with")]
    EtagMissing,
    /// A change based on something that has changed since.
    #[error("the object has changed since it was read: read it again, and send its ETag in If-Match")]
    EtagMismatch,
    /// No such user, service ID or API key.
    #[error("There is no such user, service ID or API key")]
    IdentityNotFound,
    /// The address is that of a user who is there already.
    #[error("A user with this e-mail address is in the account already")]
    UserExists,
    /// Something is locked.
    #[error("This is locked: unlock it before it is changed or removed")]
    Locked,
    /// The identity that the console signs in.
    #[error("The administrator that the first start made signs in the console and cannot be removed")]
    AdministratorStays,
    /// Values of API keys are asked to be kept.
    #[error(
        "Values of API keys are never kept, only their digests: send `store_value` false, and keep the value that is shown once"
    )]
    ValueNotKept,
    /// An API key that is disabled or has expired.
    #[error("Provided API key is disabled or has expired.")]
    ApiKeyInactive,
    /// The user may not sign in.
    #[error("User is not active.")]
    UserInactive,
    /// No such service instance, or none that the caller may see.
    #[error("There is no such resource instance")]
    ResourceNotFound,
    /// The instance was removed for good.
    #[error("The resource instance was removed")]
    InstanceGone,
    /// The instance is deleted and can still be restored.
    #[error("The resource instance is deleted: restore it by its reclamation, or make a new one")]
    InstanceDeleted,
    /// A change of an instance that is locked.
    #[error("The resource instance is locked: unlock it first")]
    InstanceLocked,
    /// No such deleted instance.
    #[error("There is no such reclamation")]
    ReclamationNotFound,
    /// A Key Protect instance that still has keys.
    #[error("Instance contains {count} active keys: delete them first")]
    InstanceHasKeys {
        /// How many.
        count: u64,
    },
    /// A key for an instance of a plan that cannot be encrypted.
    #[error(
        "Only instances of the Premium plan can be encrypted by a root key: choose that plan, or leave the key out"
    )]
    PremiumRequired,
    /// A key for an instance that exists.
    #[error(
        "A root key is chosen when an instance is made: an existing instance cannot be encrypted or given another key, make a new one"
    )]
    KeyOnlyAtCreation,
    /// The key and the instance are in different regions.
    #[error(
        "The root key is in another region than the instance: choose a key of the instance's region, or another region"
    )]
    KeyRegionMismatch,
    /// The service may not use the key.
    #[error(
        "There is no authorization that lets this service instance use its root key: create one with the role Reader for it, or create the removed one again"
    )]
    AuthorizationMissing,
    /// The root key named for a new instance is not active.
    #[error("The root key is not active: enable or restore it, or choose another key")]
    RootKeyInactive,
    /// An instance ordered into a resource group where the caller has no role.
    #[error(
        "You have no role on this resource group: order into another one, or have somebody give you the role Viewer on it, \
         by a policy with `resourceType` resource-group and its id as `resource`"
    )]
    ResourceGroupDenied,
    /// Several keys have the name given.
    #[error("Several keys of that instance have this name: give the CRN of the one that is meant")]
    KeyNameAmbiguous,
    /// The root key of an instance was purged.
    #[error("The root key of this instance was destroyed for good, and its data with it")]
    RootKeyDestroyed,
    /// The instance has no root key and therefore no data.
    #[error("This instance is not encrypted by a root key and stores nothing: make a new Premium instance with a key")]
    NotEncrypted,
    /// A usage report of an instance without keys.
    #[error("Usage is reported of Key Protect instances only")]
    NoUsage,
    /// No object with this name.
    #[error("There is no object with this name")]
    ObjectNotFound,
    /// `If-Match` or `If-None-Match` does not hold.
    #[error("The object is not in the state that the request requires (If-Match, If-None-Match)")]
    PreconditionFailed,
    /// No byte of the range is in the object.
    #[error("The range is not in the object, which has {size} bytes")]
    RangeUnsatisfiable {
        /// Size of the object.
        size: u64,
    },
    /// An object that is larger than this server stores.
    #[error("The object is larger than the {limit} bytes that this server stores")]
    ObjectTooLarge {
        /// The limit.
        limit: u64,
    },
    /// An object that the instance has no room for.
    #[error("The objects of this instance would have more than {limit} bytes, its quota: delete some first")]
    QuotaExceeded {
        /// The quota.
        limit: u64,
    },
    /// An object that takes its sender too long.
    #[error(
        "The object was not here whole {seconds} seconds after its first byte: send it faster, or in smaller objects"
    )]
    UploadTooSlow {
        /// The time that an object may take.
        seconds: u64,
    },
    /// The bytes received are not those that were announced.
    #[error("The object does not have the SHA-256 that its sender announced: send it again")]
    ChecksumMismatch,
    /// What is being stored is not a sealed message.
    #[error("Only sealed messages are stored, and this is none: {0}")]
    NotSealed(&'static str),
    /// A sealed message that is not whole.
    #[error("The sealed message is damaged: {0}")]
    MessageDamaged(&'static str),
    /// A sealed message that another key opens.
    #[error("Only messages sealed under this instance's root key, and no other key, are stored")]
    ForeignKey,
    /// Nothing is served at this path.
    #[error("There is nothing at this path")]
    UnknownPath,
    /// The path is served, by other methods.
    #[error("This path does not take this method")]
    MethodNotAllowed,
    /// The body is larger than any legal request.
    #[error("The request body is larger than this server accepts")]
    BodyTooLarge,
    /// The body did not arrive whole.
    #[error("The request body did not arrive completely")]
    BodyUnreadable,
    /// Asked too often.
    #[error("Too many requests: wait {seconds} s before the next one")]
    TooManyRequests {
        /// How long to wait, in seconds.
        seconds: u32,
    },
    /// Too many key pairs are asked for at once.
    #[error("Too many import tokens are being made: try again in {seconds} s")]
    ImportTokensBusy {
        /// When it is worth trying again, in seconds.
        seconds: u32,
    },
    /// Several callers changed the same thing at once.
    #[error("Another request was changing the same: try again")]
    Contended,
    /// Where the key's material is cannot be asked now.
    #[error("The place that holds this key cannot be reached now: try again later")]
    CustodyUnreachable {
        /// For the log.
        detail: String,
        /// Seconds after which to try again, if that is known.
        retry_after: Option<u32>,
    },
    /// Where the key's material is refuses to work with it, and will do so again; the text is for the log.
    #[error("The place that holds this key refuses to work with it: ask the operator of this server")]
    CustodyRefused(String),
    /// Where the key's material is gave an answer that cannot be true; the text is for the log.
    #[error("The place that holds this key gave an answer that cannot be right: ask the operator of this server")]
    CustodyLied(String),
    /// The key service that holds the key of a gateway gave nothing to work with.
    #[error(transparent)]
    Upstream(UpstreamError),
    /// The store cannot be reached, or takes no changes now; the text is for the log.
    #[error("The store cannot be reached at the moment: try again")]
    StoreUnreachable(String),
    /// The store failed; the text is for the log.
    #[error("The store is unavailable")]
    Store(String),
    /// Stored data cannot be read back; the text is for the log.
    #[error("Stored data is not readable")]
    Corrupt(&'static str),
}

impl Error {
    /// What the log says: of a failure of the store, of its data or of a custody the reason, which no answer shows.
    pub(crate) fn detail(&self) -> String {
        match self {
            Self::Store(detail)
            | Self::StoreUnreachable(detail)
            | Self::CustodyUnreachable { detail, .. }
            | Self::CustodyRefused(detail)
            | Self::CustodyLied(detail) => detail.clone(),
            Self::Upstream(error) => error.detail.clone(),
            Self::Corrupt(detail) => (*detail).to_owned(),
            other => other.to_string(),
        }
    }
}
