//! A store that a test has put itself in front of, and that has one edition.

use std::sync::Arc;

use async_trait::async_trait;
use engine::{Edition, Editions, FigureStore, InEdition, PipelineStore, StoreError};

/// The ports of whichever edition is asked for.
pub(crate) struct OneEdition {
    pub(crate) pipeline: Arc<dyn PipelineStore>,
    pub(crate) figures: Arc<dyn FigureStore>,
}

#[async_trait]
impl Editions for OneEdition {
    async fn note(&self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }
    async fn replace_note(&self, _: Option<&[u8]>, _: Vec<u8>) -> Result<bool, StoreError> {
        Ok(false)
    }
    fn pipeline(&self, _: &InEdition) -> Arc<dyn PipelineStore> {
        self.pipeline.clone()
    }
    fn figures(&self, _: &InEdition) -> Arc<dyn FigureStore> {
        self.figures.clone()
    }
    async fn write_out(&self) -> Result<(), StoreError> {
        Ok(())
    }
    async fn remove(&self, _: Edition) -> Result<(), StoreError> {
        Ok(())
    }
}
