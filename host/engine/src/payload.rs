//! A run's payload: JSON text for records and components, and the same as data for templates. It parses each body once.

use bytes::Bytes;
use serde::Serialize;
use weir_flow::{Data, DataError};
use weir_model::Json;

/// What a run works on, in both of its forms.
#[derive(Clone, Debug)]
pub struct Payload {
    json: Json,
    data: Data,
}

impl Payload {
    /// Reads a JSON body.
    ///
    /// # Errors
    /// Where it is not JSON (RFC 8259), is not UTF-8, or is nested too deeply.
    pub fn from_json(body: &Bytes) -> Result<Self, DataError> {
        let data = Data::from_json(body)?;
        let text = std::str::from_utf8(body).map_err(|error| DataError::Json(error.to_string()))?;
        let json = Json::parse(text.to_owned()).map_err(|error| DataError::Json(error.to_string()))?;
        Ok(Self { json, data })
    }

    /// A payload made by the host, such as the fields of a form.
    ///
    /// # Errors
    /// Where the value has no JSON form.
    pub fn of(value: &impl Serialize) -> Result<Self, DataError> {
        let json = Json::of(value).map_err(|error| DataError::Serde(error.to_string()))?;
        Ok(Self { data: Data::from_json(json.text().as_bytes())?, json })
    }

    /// The payload of a flow called by another.
    pub fn from_data(data: Data) -> Self {
        Self { json: data.to_json(), data }
    }

    /// As JSON text.
    pub fn json(&self) -> &Json {
        &self.json
    }

    /// As data for templates.
    pub fn data(&self) -> &Data {
        &self.data
    }
}
