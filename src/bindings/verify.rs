//! `verify()`: the canary of [`Client`](crate::client::Client), to the key service and back.
//!
//! *Invariant:* no key comes out; only whether all is well, and which key versions are.

use alloc::rc::Rc;

use js_sys::{Array, Object, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::client::{Client, Verified};

use super::client::Binding;
use super::driver::{Host, Platform, now};
use super::error::{Failure, promise, set};
use super::options;

#[wasm_bindgen]
impl Binding {
    /// Wraps and unwraps a data key that protects nothing; one item for each KEK.
    #[wasm_bindgen(unchecked_return_type = "Promise<{ providerId: string; keyVersion?: string }[]>")]
    pub fn verify(
        &self,
        #[wasm_bindgen(unchecked_param_type = "unknown")] options: &JsValue,
    ) -> Result<Promise, JsValue> {
        let keeper = self.keeper();
        let host = options::call_without_data(options, Rc::clone(&self.handles))?;
        Ok(promise(async move { Ok(verify(keeper.client(), &host).await?.into()) }))
    }
}

async fn verify(client: &Client, host: &Host) -> Result<Array, Failure> {
    let canary = host.run(client.wrap_canary(&mut Platform, now())).await?;
    let verified = host.run(client.unwrap_canary(canary, &mut Platform, now())).await?;
    Ok(verified.into_iter().map(|verified| JsValue::from(report(verified))).collect())
}

fn report(verified: Verified) -> Object {
    let report = Object::new();
    set(&report, "providerId", verified.provider_id.into());
    if let Some(version) = verified.version {
        set(&report, "keyVersion", version.into());
    }
    report
}
