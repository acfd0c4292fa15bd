//! What of Leaflet and of the browser has no binding elsewhere.

use js_sys::{Array, Object, Reflect};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Leaflet's map, for what the `leaflet` crate leaves out.
    pub(super) type MapMore;

    /// From a point of the container to one of the panes, which move while the map is dragged.
    #[wasm_bindgen(method, js_name = containerPointToLayerPoint)]
    pub(super) fn container_point_to_layer_point(this: &MapMore, point: &leaflet::Point) -> leaflet::Point;

    /// Moves and scales an element by CSS.
    #[wasm_bindgen(js_namespace = ["L", "DomUtil"], js_name = setTransform)]
    pub(super) fn set_transform(element: &web_sys::Element, offset: &leaflet::Point, scale: f64);

    /// The event before an animated zoom: where it goes.
    pub(super) type ZoomAnimation;

    #[wasm_bindgen(method, getter)]
    pub(super) fn center(this: &ZoomAnimation) -> leaflet::LatLng;

    #[wasm_bindgen(method, getter)]
    pub(super) fn zoom(this: &ZoomAnimation) -> f64;
}

/// Whether Leaflet's script has arrived. Without it the server's picture stays.
pub(super) fn has_leaflet() -> bool {
    Reflect::get(&js_sys::global(), &JsValue::from_str("L")).is_ok_and(|leaflet| leaflet.is_object())
}

/// An object of options that the bindings do not know.
pub(super) fn options(pairs: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in pairs {
        // Setting a property of a fresh object cannot fail.
        let _ = Reflect::set(&object, &JsValue::from_str(name), value);
    }
    object.into()
}

/// A matrix that scales, as canvas patterns take it.
pub(super) fn scaling(factor: f64) -> Option<web_sys::SvgMatrix> {
    let constructor = Reflect::get(&js_sys::global(), &JsValue::from_str("DOMMatrix")).ok()?;
    let numbers: Array = Array::new();
    for number in [factor, 0.0, 0.0, factor, 0.0, 0.0] {
        numbers.push(&JsValue::from_f64(number));
    }
    let arguments: Array = Array::new();
    arguments.push(&numbers);
    let matrix: JsValue =
        Reflect::construct(constructor.unchecked_ref::<js_sys::Function>(), &arguments).ok()?;
    Some(matrix.unchecked_into())
}
