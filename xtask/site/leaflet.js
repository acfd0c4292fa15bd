/*! Leaflet 1.9.4, (c) 2010-2023 Vladimir Agafonkin, (c) 2010-2011 CloudMade; BSD-2-Clause; https://leafletjs.com */

// The part of Leaflet that moves our map. Its own vector layers, markers, popups and controls are not used: leaving
// them out halves what every first visit loads of it. `app/src/leaflet` names whatever is needed of `L`.
import { Map } from "leaflet/src/map/index.js";
import { LatLng } from "leaflet/src/geo/LatLng.js";
import { Point } from "leaflet/src/geometry/Point.js";
import { TileLayer } from "leaflet/src/layer/tile/TileLayer.js";
import { setTransform } from "leaflet/src/dom/DomUtil.js";

window.L = { Map, LatLng, Point, TileLayer, DomUtil: { setTransform } };
