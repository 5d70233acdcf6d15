//! Tokens: who may come in, and as what. Their cryptography is the vault's; what a role may do is up to the caller.

use std::collections::HashMap;
use std::time::Duration;

use serde::Serialize;
use weir_cluster::{Change, Expect};
use weir_model::{TenantId, Timestamp};
use weir_vault::{Role, Token, TokenError, TokenId, TokenRecord};

use crate::documents::token_key;
use crate::shelf::put;
use crate::state::State;
use crate::{Catalog, CatalogError, Thing, bounds};

/// Who a token's bearer is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// The token's public half.
    pub token: TokenId,
    /// What the bearer may do.
    pub role: Role,
    /// The only tenant the bearer may touch; none for every one.
    pub tenant: Option<TenantId>,
}

impl Identity {
    /// Whether the bearer may do to this tenant what asks for `needed`.
    pub fn may(&self, needed: Role, tenant: &TenantId) -> bool {
        self.role.may(needed) && self.tenant.as_ref().is_none_or(|own| own == tenant)
    }
}

/// A token without its secret.
#[derive(Clone, Debug, Serialize)]
pub struct TokenView {
    /// Its public half.
    pub id: TokenId,
    /// What its bearer may do.
    pub role: Role,
    /// The only tenant it opens; none for every one.
    pub tenant: Option<TenantId>,
    /// What it is for.
    pub label: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it opens nothing.
    pub expires_at: Option<Timestamp>,
}

/// A token that was just made: the only time its secret is known here.
#[derive(Debug)]
pub struct NewToken {
    /// The token; its `reveal()` is what the bearer sends.
    pub token: Token,
    /// What is kept of it.
    pub view: TokenView,
}

impl From<&TokenRecord> for TokenView {
    fn from(record: &TokenRecord) -> Self {
        Self {
            id: record.id.clone(),
            role: record.role,
            tenant: record.tenant.clone(),
            label: record.label.clone(),
            created_at: record.created_at,
            expires_at: record.expires_at,
        }
    }
}

impl<S: Send + Sync + 'static> Catalog<S> {
    /// The operator's token that the first start made. Given once; after that, and on every later start, there is none.
    pub fn first_operator_token(&self) -> Option<Token> {
        self.first_token.lock().take()
    }

    /// Who the bearer of this token is. Never waits.
    ///
    /// # Errors
    /// [`CatalogError::Token`] where it opens nothing.
    pub fn authenticate(&self, text: &str) -> Result<Identity, CatalogError> {
        let token: Token = text.parse()?;
        let stored = self.state.tokens.load().get(token.id()).cloned();
        let record = stored.or_else(|| self.state.sessions.lock().get(token.id()).cloned());
        let record = record.ok_or(TokenError::Unknown)?;
        record.verify(&token, self.clock.now())?;
        Ok(Identity { token: record.id, role: record.role, tenant: record.tenant })
    }

    /// All stored tokens of a tenant, or all there are, the oldest first.
    pub fn tokens(&self, tenant: Option<&TenantId>) -> Vec<TokenView> {
        let tokens = self.state.tokens.load();
        let wanted = |record: &&TokenRecord| tenant.is_none() || record.tenant.as_ref() == tenant;
        let mut views: Vec<TokenView> = tokens.values().filter(wanted).map(TokenView::from).collect();
        views.sort_by(|left, right| (left.created_at, &left.id).cmp(&(right.created_at, &right.id)));
        views
    }

    /// Makes a token.
    ///
    /// # Errors
    /// Where the tenant does not exist, an operator is to be confined to one, or the label is too long.
    pub async fn create_token(
        &self,
        role: Role,
        tenant: Option<TenantId>,
        label: &str,
        expires_at: Option<Timestamp>,
    ) -> Result<NewToken, CatalogError> {
        tenant.as_ref().map_or(Ok(()), |tenant| self.tenant_known(tenant))?;
        if role == Role::Operator && tenant.is_some() {
            return Err(CatalogError::Bad(
                "an operator has every tenant: leave the tenant out, or make an admin".into(),
            ));
        }
        if label.chars().count() > bounds::NOTE {
            return Err(CatalogError::Bad(format!("the label is longer than {} characters: shorten it", bounds::NOTE)));
        }
        let writing = self.writing().await;
        if self.state.tokens.load().len() >= bounds::TOKENS {
            let hint = "revoke tokens that are no longer used";
            return Err(CatalogError::Limit { what: "tokens", limit: bounds::TOKENS, hint });
        }
        let token = Token::generate(role, &*self.entropy);
        let record = TokenRecord::of(&token, tenant, label, self.clock.now(), expires_at);
        let view = TokenView::from(&record);
        let changes = vec![put(token_key(&record.id), Expect::Absent, &record)?];
        let remember = move |state: &State<S>, _: &[u64]| {
            State::<S>::change(&state.tokens, |tokens: &mut HashMap<_, _>| {
                tokens.insert(record.id.clone(), record);
            });
        };
        self.commit(writing, changes, remember).await?;
        Ok(NewToken { token, view })
    }

    /// Ends a token or a session; it opens nothing from now on.
    ///
    /// # Errors
    /// Where there is no such token.
    pub async fn revoke_token(&self, id: &TokenId) -> Result<(), CatalogError> {
        if self.state.sessions.lock().remove(id).is_some() {
            return Ok(());
        }
        let writing = self.writing().await;
        if !self.state.tokens.load().contains_key(id) {
            return Err(CatalogError::not_found(Thing::Token, id));
        }
        let (changes, id) = (vec![Change::delete(token_key(id), Expect::Any)], id.clone());
        let remember = move |state: &State<S>, _: &[u64]| {
            State::<S>::change(&state.tokens, |tokens: &mut HashMap<_, _>| {
                tokens.remove(&id);
            });
        };
        self.commit(writing, changes, remember).await.map(|_| ())
    }

    /// A token that lives in memory alone and for at most a day, such as for a tool on the same machine or a browser.
    ///
    /// # Errors
    /// Where the time is none or too long, or too many are open.
    pub fn issue_session(&self, role: Role, tenant: Option<TenantId>, time: Duration) -> Result<Token, CatalogError> {
        if time.is_zero() || time > bounds::ARMED {
            return Err(CatalogError::Bad("a session lasts 1ms to 1d: give a time such as 12h".into()));
        }
        let now = self.clock.now();
        let mut sessions = self.state.sessions.lock();
        sessions.retain(|_, record| record.expires_at.is_some_and(|end| end > now));
        if sessions.len() >= bounds::SESSIONS {
            let hint = "wait until some have expired";
            return Err(CatalogError::Limit { what: "open sessions", limit: bounds::SESSIONS, hint });
        }
        let token = Token::generate(role, &*self.entropy);
        let record = TokenRecord::of(&token, tenant, "session", now, Some(now.plus(time)));
        sessions.insert(record.id.clone(), record);
        Ok(token)
    }
}
